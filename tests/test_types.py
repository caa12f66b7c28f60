from __future__ import annotations

import json
import os
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL.Image
import pytest

from mien.errors import InputError
from mien.labels import FER2013
from mien.media.video.reader import Frame
from mien.pipeline import Recognizer
from mien.samples import ASTRONAUT
from mien.types import (
    COLUMNS,
    UNCERTAIN,
    Box,
    EmotionScores,
    Face,
    Reading,
    Result,
    place_of,
    rows_of,
)
from tests.support import clips

PROBS = (0.05, 0.0, 0.1, 0.6, 0.05, 0.05, 0.15)
LANDMARKS = ((10.0, 20.0), (30.0, 20.0), (20.0, 30.0), (12.0, 40.0), (28.004, 40.0))


def reading(x: float = 0.0, **kwargs: float) -> Reading:
    face = Face(Box(x, 10, x + 30.123456, 50), 0.987654321, LANDMARKS)
    return Reading(face, EmotionScores(FER2013, PROBS), **kwargs)


def result(faces: int) -> Result:
    readings = tuple(reading(40.0 * i) for i in range(faces))
    return Result(readings, 640, 480, "photo.jpg", detector="mtcnn", model="default")


def test_box_measures() -> None:
    box = Box(10, 20, 40, 60)
    assert (box.width, box.height, box.area, box.center) == (30, 40, 1200, (25, 40))
    assert Box(5, 5, 5, 9).area == 0
    assert Box(1.234, 2, 3, 4).to_list(1) == [1.2, 2, 3, 4]


def test_iou_against_opencv() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        x1, y1, w1, h1, x2, y2, w2, h2 = (int(v) for v in rng.integers(1, 60, 8))
        a, b = Box(x1, y1, x1 + w1, y1 + h1), Box(x2, y2, x2 + w2, y2 + h2)
        canvas = np.zeros((2, 130, 130), np.uint8)
        cv2.rectangle(canvas[0], (x1, y1, w1, h1), 1, -1)
        cv2.rectangle(canvas[1], (x2, y2, w2, h2), 1, -1)
        counted = (canvas[0] & canvas[1]).sum() / (canvas[0] | canvas[1]).sum()
        assert a.iou(b) == b.iou(a) == pytest.approx(counted)


def test_a_face_has_five_landmarks_or_none() -> None:
    assert Face(Box(0, 0, 1, 1)).landmarks is None
    with pytest.raises(InputError, match="five"):
        Face(Box(0, 0, 1, 1), landmarks=LANDMARKS[:4])


def test_scores_are_ranked_and_found_by_common_spellings() -> None:
    scores = EmotionScores(FER2013, PROBS)
    assert scores.top == "happiness" and scores.top_prob == 0.6
    assert scores["happiness"] == scores["Happy"] == scores["joy"] == 0.6
    assert [label for label, _ in scores.ranked()[:3]] == ["happiness", "neutral", "fear"]
    assert list(scores.to_dict()) == list(FER2013)
    with pytest.raises(InputError, match="no label 'contempt'"):
        scores["contempt"]
    with pytest.raises(InputError, match="no label 'bored': labels: anger"):
        scores["bored"]


@pytest.mark.parametrize("probs", [(0.5, 0.4), (0.5, 0.5, 0.0), (float("nan"), 1.0)])
def test_scores_must_be_a_distribution(probs: tuple[float, ...]) -> None:
    with pytest.raises(InputError):
        EmotionScores(("anger", "fear"), probs)
    with pytest.raises(InputError):
        EmotionScores((), ())


def test_to_dict_is_the_documented_json() -> None:
    made = json.loads(json.dumps(result(1).to_dict()))
    assert set(made) == {"source", "width", "height", "faces"}
    face = made["faces"][0]
    assert set(face) == {"face", "box", "score", "landmarks", "expression", "small", "probs"}
    assert face["box"] == [0, 10, 30.12, 50] and face["score"] == 0.98765
    assert face["landmarks"][4] == [28.0, 40.0]
    assert face["expression"] == "happiness" and list(face["probs"]) == list(FER2013)


def test_unknown_optional_facts_are_omitted() -> None:
    face = Face(Box(0, 0, 1, 1), track_id=0)
    made = Reading(face, EmotionScores(FER2013, PROBS), valence=-0.0, arousal=0.5).to_dict()
    assert made["track_id"] == 0 and made["valence"] == 0 and made["arousal"] == 0.5
    assert made["landmarks"] is None
    frame = Result((), 1, 1, frame_index=0, time_s=0.0).to_dict()
    assert frame["frame_index"] == 0 and frame["time_s"] == 0


def test_rows_are_flat_and_empty_without_a_face() -> None:
    rows = result(3).rows()
    assert [row["face"] for row in rows] == [0, 1, 2]
    assert all(not isinstance(value, list | dict | tuple) for row in rows for value in row.values())
    assert rows[1]["x1"] == 40 and rows[1]["happiness"] == 0.6
    assert result(0).rows() == []


def test_a_result_is_a_sequence_that_is_never_false() -> None:
    assert result(0) and len(result(0)) == 0
    assert len(result(2)) == 2 and [r.expression for r in result(2)] == ["happiness"] * 2
    assert result(2)[1].face.box.x1 == 40


def test_everything_compares_hashes_pickles_and_prints() -> None:
    one, two = result(2), result(2)
    assert one == two and hash(one) == hash(two) and one != result(1)
    assert pickle.loads(pickle.dumps(one)) == one
    assert repr(one) == "Result('photo.jpg', 640×480, 2 faces: happiness 60%, happiness 60%)"
    assert repr(result(0)) == "Result('photo.jpg', 640×480, 0 faces)"
    assert repr(result(9)).endswith(", …)")
    assert repr(one[0]) == "Reading(happiness 60% at [0, 10, 30, 50])"
    assert repr(one[0].emotions) == "EmotionScores(happiness 60%, neutral 15%, fear 10%, …)"


def test_an_uncertain_face_keeps_its_probabilities() -> None:
    reading = Reading(Face(Box(0, 0, 9, 9)), EmotionScores(FER2013, PROBS), uncertain=True)
    made = reading.to_dict()
    assert reading.expression == made["expression"] == UNCERTAIN
    assert reading.emotions.top == "happiness" and sum(made["probs"].values()) == pytest.approx(1)
    row = Result((reading,), 9, 9).rows()[0]
    assert (row["expression"], row["prob"]) == (UNCERTAIN, 0.6)


def test_the_number_that_is_drawn_is_the_face_s_or_the_person_s() -> None:
    picture = replace(result(2), frame_index=None)
    assert [mark.number for mark in picture.marks()] == [0, 1]
    first, second = picture
    frame = replace(
        picture, frame_index=3, time_s=0.1,
        readings=(first, replace(second, face=replace(second.face, track_id=0))),
    )  # fmt: skip
    assert [mark.number for mark in frame.marks()] == [None, 0]


def by_hand(found: Result) -> list[dict[str, object]]:
    """The rows of a frame, from its readings."""
    rows = []
    for index, one in enumerate(found):
        box, alone = one.face.box, one.raw or one
        values = (
            found.source, found.frame_index, round(found.time_s or 0, 4), one.face.track_id, index,
            one.expression, round(one.prob, 5), round(one.face.score, 5),
            *(round(x, 2) for x in (box.x1, box.y1, box.x2, box.y2)), one.small, one.usable,
            alone.expression, one.carried, *(round(p, 5) for p in one.emotions.probs),
        )  # fmt: skip
        rows.append(dict(zip(found.columns, values, strict=True)))
    return rows


@pytest.mark.parametrize(
    "follow",
    [{}, {"smooth": 0}, {"classify_every": 0.25}, {"classify_every": 0.2, "offline": True}],
)
@pytest.mark.parametrize("least", [None, 0.99])
def test_the_rows_of_a_real_result_are_those_of_its_json(
    follow: dict[str, Any], least: float | None
) -> None:
    recognizer = Recognizer(threads=1, min_confidence=least)
    images = [np.full((200, 200, 3), 90, np.uint8), *(clips.face(2 * n) for n in range(5))]
    images[3] = cv2.GaussianBlur(images[3], (0, 0), 4)  # so that answers differ
    frames = (Frame(image, n, n / 10) for n, image in enumerate(images))
    found = list(recognizer.watch(frames, "clip.mp4", **follow))
    assert any(one.carried for result in found for one in result) is ("classify_every" in follow)
    for result in found:
        again = json.loads(json.dumps(result.to_dict()))
        assert rows_of(again) == result.rows() == by_hand(result)
        (row,) = result.rows(keep_empty=True)
        assert place_of(again).items() <= row.items()
    for picture in recognizer.images([ASTRONAUT, images[0]]):
        again = json.loads(json.dumps(picture.to_dict()))
        assert rows_of(again) == picture.rows()
        assert len(picture) == 0 or tuple(rows_of(again)[0]) == picture.columns


def test_rows_can_keep_a_picture_without_a_face() -> None:
    columns = (*COLUMNS, *FER2013)
    (row,) = Result((), 4, 5, "none.jpg", columns=columns).rows(keep_empty=True)
    assert tuple(row) == columns and row.pop("source") == "none.jpg"
    assert set(row.values()) == {None}
    assert result(2).rows(keep_empty=True) == result(2).rows()
    assert tuple(result(1).rows()[0]) == columns


@pytest.mark.parametrize("library", ["pandas", "polars", None])
def test_labels_named_like_columns_overwrite_none(library: str | None) -> None:
    labels = (*COLUMNS, "prob_x1", "valence", "file", "bored")
    scores = EmotionScores(labels, tuple((n + 1) / 105 for n in range(14)))
    made = Result((Reading(Face(Box(1, 2, 3, 4)), scores, 0.5, -0.5),), 9, 9, "a.jpg")
    (row,) = made.rows()
    assert [row[name] for name in COLUMNS[:2]] == ["a.jpg", 0] and row["x1"] == 1
    assert row["valence"] == 0.5 and row["bored"] == round(14 / 105, 5)
    names = [name for name in row if name not in (*COLUMNS, "valence", "arousal")]
    assert [row[name] for name in names] == [round(p, 5) for p in scores.probs]
    assert names[5] == "prob_prob_x1" and names[10] == "prob_x1" and "file" not in row
    if library:
        pytest.importorskip(library)
        assert list(made.to_frame(library)["source"]) == ["a.jpg"]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_to_frame_has_the_rows(library: str) -> None:
    pytest.importorskip(library)
    frame = result(2).to_frame(library)
    assert type(frame).__module__.split(".")[0] == library
    assert tuple(frame.columns) == tuple(result(2).rows()[0])
    assert list(frame["happiness"]) == [0.6, 0.6] and list(frame["face"]) == [0, 1]


def blank(level: int = 128) -> np.ndarray:
    return np.full((480, 640, 3), level, np.uint8)


def test_draw_finds_the_picture_while_it_is_at_hand(tmp_path: Path) -> None:
    given = blank()
    drawn = np.asarray(result(1).draw(given))
    assert drawn.shape == given.shape and not (drawn == given).all()
    in_memory = replace(result(1), source=None)
    with pytest.raises(InputError, match="not at hand"):
        in_memory.draw()
    in_memory.remember(given)
    np.testing.assert_array_equal(np.asarray(in_memory.draw()), drawn)
    path = tmp_path / "p.png"
    PIL.Image.fromarray(given).save(path)
    in_a_file = replace(result(1), source=str(path))
    np.testing.assert_array_equal(np.asarray(in_a_file.draw()), drawn)
    PIL.Image.fromarray(given[1:]).save(path)  # another picture took its place
    with pytest.raises(InputError, match="not at hand"):
        in_a_file.draw()
    # A frame's source is its video; a pipe can be read once only.
    with pytest.raises(InputError, match="not at hand"):
        replace(in_a_file, frame_index=0).draw()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert "not at hand" in replace(in_a_file, source=str(pipe))._repr_html_()


def test_a_result_keeps_no_picture_alive() -> None:
    one, picture = result(1), blank()
    one.remember(picture)
    assert one.remembered() is picture and one == result(1) and hash(one) == hash(result(1))
    assert pickle.loads(pickle.dumps(one)).remembered() is None
    del picture
    assert one.remembered() is None
    assert "the picture is not at hand" in one._repr_html_()
