from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from mien.reports.video import timeline
from mien.reports.video.shapes import areas, marks, width_of
from mien.reports.video.timeline import PersonTimeline, VideoTimeline
from mien.types import Box, EmotionScores, Face, Reading, Result

LABELS = ("anger", "happiness", "neutral")
ONE = {"anger": (0.8, 0.1, 0.1), "happiness": (0.1, 0.7, 0.2), "neutral": (0.25, 0.25, 0.5)}


def frame(time_s: float, shown: dict[int, str], source: str = "v.mp4") -> Result:
    readings = tuple(
        Reading(Face(Box(0, 0, 9, 9), track_id=number), EmotionScores(LABELS, ONE[expression]))
        for number, expression in shown.items()
    )
    return Result(readings, 20, 10, source, frame_index=round(time_s * 100), time_s=time_s)


def of_frames(frames: list[Result]) -> VideoTimeline:
    video = VideoTimeline("v.mp4")
    for result in frames:
        video.add(result)
    video.end()
    return video


def test_segments_end_at_changes_and_gaps() -> None:
    shown = ["anger", "anger", "neutral", None, "neutral", "neutral"]
    video = of_frames([frame(n / 10, {1: e} if e else {}) for n, e in enumerate(shown)])
    found = [(s.expression, s.begin_s, s.end_s, s.prob) for s in video.people[1].segments]
    assert found == [
        ("anger", 0, pytest.approx(0.2), pytest.approx(0.8)),
        ("neutral", 0.2, pytest.approx(0.3), pytest.approx(0.5)),
        ("neutral", 0.4, pytest.approx(0.6), pytest.approx(0.5)),
    ]
    assert video.people[1].seen_s == pytest.approx(0.5)
    assert (video.begin_s, video.end_s, video.frames) == (0, pytest.approx(0.6), 6)


def test_mean_probabilities_of_a_long_video_in_few_bins() -> None:
    """Against NumPy, over frames of uneven length; two hours fit into the bins."""
    rng = np.random.default_rng(0)
    times = 5 + np.cumsum(rng.uniform(0.5, 3, 4000))
    shown = rng.choice(LABELS, len(times))
    shown[1000:1400] = ""
    video = of_frames(
        [frame(float(t), {4: str(e)} if e else {}) for t, e in zip(times, shown, strict=True)]
    )
    seconds = np.append(np.diff(times), times[-1] - times[-2])
    assert video.bin_s == 0.04 * 2 ** math.ceil(math.log2(seconds.sum() / 600 / 0.04))
    bins = video.people[4].bins
    assert len(bins) <= 600 and max(bins) <= 600
    assert sum(sums[0] for sums in bins.values()) == pytest.approx(seconds[shown != ""].sum())
    for place, label in enumerate(LABELS):
        expected = sum(ONE[e][place] * s for e, s in zip(shown, seconds, strict=True) if e)
        found = sum(sums[1 + place] for sums in bins.values())
        assert found == pytest.approx(expected), label
    edges = video.begin_s + video.bin_s * 50, video.begin_s + video.bin_s * 51
    inside = np.clip(np.minimum(times + seconds, edges[1]) - np.maximum(times, edges[0]), 0, None)
    assert bins[50][0] == pytest.approx(inside[shown != ""].sum())


def test_the_longest_segments_and_their_pictures_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "MOST_SEGMENTS", 5)
    monkeypatch.setattr(timeline, "MOST_PICTURES", 2)
    video, time_s = VideoTimeline("v.mp4"), 0.0
    lengths = [3, 1, 9, 2, 7, 1, 5, 2, 1, 8, 1, 1, 4]
    for number, length in enumerate(lengths):
        for _ in range(length):
            result = frame(time_s, {1: LABELS[number % 2]})
            new = video.is_new(result[0])
            video.add(result, {1: b"%d" % number} if new else {})
            time_s += 0.1
    video.end()
    person = video.people[1]
    assert [round(10 * s.seconds) for s in person.segments] == [9, 7, 5, 8, 4]
    assert [s.picture for s in person.segments] == [b"2", b"", b"", b"9", b""]
    assert person.left_out == len(lengths) - 5


def test_a_crowd_that_passes_leaves_few_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "MOST_PEOPLE", 3)
    frames = []
    for number in range(40):  # each seen for two seconds, and the first to the end, now and then
        for step in range(2 + number % 3):
            shown = {1: "anger", 2 + number: "neutral"} if not step else {2 + number: "neutral"}
            frames.append(frame(100.0 * number + step, shown))
        frames.append(frame(100.0 * number + 10, {}))
    video = VideoTimeline("v.mp4")
    most = 0
    for result in frames:
        video.add(result)
        most = max(most, len(video.people))
    video.end()
    assert most <= 8 and 1 in video.people
    assert len(video.people) == 3 and video.others == 38


def test_times_that_jump_by_years_take_neither_time_nor_memory() -> None:
    video = of_frames([frame(t, {1: "anger"}) for t in (0, 1e-3, 1e9, 1e9 + 1)])
    assert len(video.people[1].bins) <= 600


def test_one_frame_has_a_page_of_its_own() -> None:
    video = of_frames([frame(3.0, {1: "anger"})])
    assert video.people[1].segments[0].begin_s == 3.0 and not video.people[1].seen_s
    assert marks(video) == [(3.0, 0.0)] and width_of(video) > 0
    assert areas(video.people[1], video) == []


def rectangles(path: str) -> list[tuple[float, float, float, float]]:
    """x1, y1, x2, y2 of the outlines in a path, each of which must be a plain rectangle."""
    found = []
    for outline in path.split("M")[1:]:
        x, y = map(float, outline.replace("H", " H").replace("V", " V").split()[:2])
        corners = [(x, y)]
        for step in outline.rstrip("Z").replace("H", " H").replace("V", " V").split()[2:]:
            x, y = (float(step[1:]), y) if step[0] == "H" else (x, float(step[1:]))
            corners.append((x, y))
        xs, ys = {x for x, _ in corners}, {y for _, y in corners}
        assert len(xs) == len(ys) == 2
        found.append((min(xs), min(ys), max(xs), max(ys)))
    return found


def test_areas_are_stacked_probabilities_with_gaps() -> None:
    frames = [frame(n * 0.04, {1: "anger"} if n not in (3, 4) else {}) for n in range(8)]
    video = of_frames(frames)
    found = {label: rectangles(path) for label, path in areas(video.people[1], video)}
    width = pytest.approx(8)
    assert found == {
        "anger": [(0, 20, 3, 100), (5, 20, width, 100)],
        "happiness": [(0, 10, 3, 20), (5, 10, width, 20)],
        "neutral": [(0, 0, 3, 10), (5, 0, width, 10)],
    }


def test_half_of_a_bin_is_half_as_high() -> None:
    video = VideoTimeline("v.mp4")
    video.labels, video.end_s = LABELS, 0.08
    person = PersonTimeline("v.mp4", 1, 0.0)
    person.bins = {0: [0.02, 0.0, 0.02, 0.0]}
    assert areas(person, video) == [("happiness", "M0 100V50H1V100H0Z")]


@pytest.mark.parametrize(
    ("begin", "end", "times"),
    [
        (0, 2.4, [0, 0.5, 1, 1.5, 2]),
        (10, 100, [30, 60, 90]),
        (0, 7200, [0, 1800, 3600, 5400, 7200]),
        (0, 1e9, None),
    ],
)
def test_marks_are_round_times(begin: float, end: float, times: list[float] | None) -> None:
    video = VideoTimeline("v.mp4")
    video.begin_s, video.end_s = begin, end
    found = marks(video)
    assert len(found) <= 6 and all(0 <= place <= 1 for _, place in found)
    if times is not None:
        assert [time for time, _ in found] == pytest.approx(times)
        assert [place for _, place in found] == pytest.approx(
            [(time - begin) / (end - begin) for time in times]
        )


def test_a_face_without_a_number_is_left_out() -> None:
    result = frame(0, {1: "anger"})
    nobody = replace(result[0], face=replace(result[0].face, track_id=None))
    assert of_frames([replace(result, readings=(nobody,))]).people == {}
