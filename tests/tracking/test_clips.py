"""The tracker on real clips, and on clips that are composed of the portraits."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from benchmarks.tracking import FACE, measure, moments, trackers
from tools import compose_clips
from tools.clip_scenes import SCENES, compose
from tools.compose_clips import Cutout, cut_out, times

from mien.detectors.load import load_detector
from mien.tracking.tracker import Tracker
from tests.support import sample


@pytest.fixture(scope="module")
def cutouts() -> list[Cutout]:
    wide = ((80, 80), (80, 80), (0, 0))  # one face is near the edge of its picture
    pictures = (np.pad(np.asarray(sample.photo(name)), wide, "edge") for name in sample.NAMES)
    found = cut_out(pictures, 10)
    assert len(found) == 3
    return found


@pytest.mark.parametrize(("rate", "variable"), [(3, False), (10, True)])
def test_better_than_the_published_one_and_the_nearest_box(rate: float, variable: bool) -> None:
    """Scenes in which nothing is ambiguous: each person has one number all the time."""
    for scene in ("apart", "fast"):
        clip = moments(scene, 5, rate, variable, [FACE], None)
        idf1 = {name: measure(clip, track)[1] for name, track in trackers(0.7, rate).items()}
        assert idf1["Tracker"] > 0.95
        assert idf1["Tracker"] >= max(idf1["ByteTrack"] - 0.01, idf1["nearest"])


def test_people_who_cross_are_told_apart_by_their_colours(cutouts: list[Cutout]) -> None:
    drawn = moments("crossing", 5, 10, False, cutouts, None)
    plain = [(time_s, None, truth, found) for time_s, _, truth, found in drawn]
    with_frames, without = (measure(clip, trackers(0.7, 10)["Tracker"]) for clip in (drawn, plain))
    assert with_frames[1] > 0.9 and with_frames[2] == 0
    assert with_frames[1] >= without[1]


def test_a_cut_starts_new_people(cutouts: list[Cutout]) -> None:
    clip = moments("cuts", 5, 3, False, cutouts, None)
    tracker, seen = Tracker(score_threshold=0.7), []
    for time_s, image, _, found in clip:
        seen.append((int(time_s // 3), {f.track_id for f in tracker.update(found, time_s, image)}))
    scenes = [set().union(*(ids for scene, ids in seen if scene == part)) - {None}
              for part in range(4)]  # fmt: skip
    assert all(len(one) >= 2 for one in scenes)
    assert len(set().union(*scenes)) == sum(map(len, scenes)), "nobody is in two scenes"


@pytest.mark.slow
def test_one_person_who_leaves(shared: Path) -> None:
    """Somebody until frame 72 of the first, from frame 96 of the second, nobody in the third."""
    detector = load_detector("yunet", threads=1)
    seen: dict[str, list[tuple[int, int | None]]] = {}
    for name in ("face_noface.mov", "noface_face.mov", "no_face.mp4"):
        video, tracker = cv2.VideoCapture(str(shared / "clips" / name)), Tracker()
        seen[name], number = [], 0
        while video.grab():
            if number % 8 == 0:  # three a second
                image = np.ascontiguousarray(video.retrieve()[1][..., ::-1])
                faces = tracker.update(detector.detect(image), number / 26, image)
                seen[name] += [(number, face.track_id) for face in faces]
            number += 1
    assert seen["face_noface.mov"] == [(n, 1) for n in range(0, 72, 8)]
    first, *others = seen["noface_face.mov"]
    assert first[0] == 96 and others == [(n, 1) for n in range(104, 168, 8)]
    assert seen["no_face.mp4"] == []


@pytest.mark.parametrize("scene", SCENES)
def test_the_truth_is_where_faces_are_drawn(scene: str, cutouts: list[Cutout]) -> None:
    """Whoever is not covered is found by YuNet, near the box that the truth has."""
    clip, detector = compose(scene, 3), load_detector("yunet", threads=1)
    hits = missed = 0
    for time_s in (0.7, 4.1, 8.6):
        found = detector.detect(clip.render(time_s, cutouts, 3))
        for one in clip.truth(time_s, cutouts):
            if one.visible == 1:
                near = max((face.box.iou(one.face.box) for face in found), default=0.0)
                hits += near > 0.5
                missed += near <= 0.5
    assert hits >= 2 and missed <= hits * 0.25


def test_people_have_one_number_in_every_frame() -> None:
    for scene in SCENES:
        clip = compose(scene, 1)
        for time_s in (0.0, 2.9, 6.1, 11.9):
            numbers = [one.number for one in clip.truth(time_s, [FACE])]
            assert len(numbers) == len(set(numbers))


def test_uneven_times_grow() -> None:
    even, uneven = times(30, False, 0), times(30, True, 0)
    assert np.allclose(np.diff(even), 1 / 30)
    steps = np.diff(uneven)
    assert (steps > 0).all() and steps.max() > 0.3 and len(uneven) < 0.7 * len(even)


def test_the_tool_writes_frames_and_truth(
    tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    args = ["--faces", str(photos), "--scene", "occlusion", "--rate", "0.5", "--out", "made"]
    monkeypatch.setattr(sys, "argv", ["compose_clips.py", *args])
    monkeypatch.chdir(tmp_path)
    compose_clips.main()
    lines = [json.loads(line) for line in (tmp_path / "made/truth.jsonl").open(encoding="utf-8")]
    assert [line["time_s"] for line in lines] == [0, 2, 4, 6, 8, 10]
    for line in lines:
        image = cv2.imread(str(tmp_path / "made" / line["frame"]))
        assert image.shape == (360, 640, 3)
        for one in line["people"]:
            x1, y1, x2, y2 = one["box"]
            assert x1 < x2 and y1 < y2 and 0.25 <= one["visible"] <= 1
            assert len(one["landmarks"]) == 5
    assert max(len(line["people"]) for line in lines) == 2
