from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from mien.errors import InputError
from mien.evaluation.detection.answers import Detections
from mien.evaluation.detection.comparison import compare
from mien.evaluation.detection.measures import measure
from tests.support.detections import answer, detections, made_up

FACE, FAR = [0, 0, 100, 100], [300, 300, 400, 400]


def weaker(made: Detections, drop: float) -> Detections:
    """The same without a share of the boxes, the pictures in another order."""
    rng = np.random.default_rng(0)
    answers = []
    for one in made.answers:
        kept = rng.random(len(one.boxes)) >= drop
        answers.append(dataclasses.replace(one, boxes=one.boxes[kept], scores=one.scores[kept]))
    return dataclasses.replace(made, answers=tuple(reversed(answers)))


def test_the_best_comes_first_and_meets_each_other_one() -> None:
    made = made_up(0)
    models = {"weak": weaker(made, 0.5), "strong": made, "middling": weaker(made, 0.2)}
    found = compare(models)
    assert [row.name for row in found.rows] == ["strong", "middling", "weak"]
    assert all(
        json.dumps(row.scores.to_dict()) == json.dumps(measure(models[row.name]).to_dict())
        for row in found.rows
    )
    assert [(pair.best, pair.other) for pair in found.pairs] == [
        ("strong", "middling"), ("strong", "weak"),
    ]  # fmt: skip
    for pair, row in zip(found.pairs, found.rows[1:], strict=True):
        best, other = found.rows[0].scores, row.scores
        assert pair.difference == pytest.approx((best.ap50 or 0) - (other.ap50 or 0))
        assert pair.interval is not None
        assert pair.interval.low < pair.difference < pair.interval.high
        assert pair.best_alone + pair.both == best.operating.found
        assert pair.other_alone + pair.both == other.operating.found
        assert pair.both + pair.best_alone + pair.other_alone + pair.neither == best.faces
        # Pairs of the same pictures tell more than two intervals of their own.
        assert best.interval is not None and other.interval is not None
        apart = best.interval.high - other.interval.low
        assert pair.interval.high < apart
    assert found.pairs[1].interval is not None and found.pairs[1].interval.low > 0
    json.dumps(found.to_dict(), allow_nan=False)


def test_faces_that_one_of_them_finds() -> None:
    faces = [FACE, FAR, [500, 0, 560, 60]]
    both = detections(answer(faces, faces[:2]), answer([FACE], [FACE], key="b.jpg"))
    late = detections(answer([FACE], key="b.jpg"), answer(faces, [FACE, faces[2]], [0.9, 0.2]))
    (pair,) = compare({"a": both, "b": late}).pairs
    assert (pair.best, pair.both, pair.best_alone, pair.other_alone, pair.neither) == (
        "a", 1, 2, 0, 1,
    )  # fmt: skip


def test_equals_do_not_differ() -> None:
    made = made_up(1, pictures=10)
    (pair,) = compare({"a": made, "b": made}).pairs
    assert pair.difference == 0 and pair.interval is not None
    assert pair.interval.low == pair.interval.high == 0
    assert pair.best_alone == pair.other_alone == 0


def test_without_a_face_there_is_no_difference() -> None:
    (pair,) = compare({"a": detections(answer()), "b": detections(answer(boxes=[FACE]))}).pairs
    assert pair.difference is pair.interval is None and pair.neither == 0


def test_other_pictures_are_refused() -> None:
    made = made_up(0, pictures=5)
    moved = dataclasses.replace(made.answers[0], truth=made.answers[0].truth + 1)
    for other, reason in (
        (dataclasses.replace(made, split="test"), "split valid against test"),
        (dataclasses.replace(made, answers=made.answers[1:]), "pictures 5 against 4"),
        (dataclasses.replace(made, answers=(moved, *made.answers[1:])), "marked boxes"),
    ):
        with pytest.raises(InputError, match=f"a and b cannot be compared: {reason}"):
            compare({"a": made, "b": other})
    with pytest.raises(InputError, match="two detectors"):
        compare({"a": made})
