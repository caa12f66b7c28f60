from __future__ import annotations

import numpy as np
import pytest

from mien.evaluation.detection.faults import faults, most_missed, most_overdetected
from mien.evaluation.detection.matching import areas
from mien.evaluation.detection.precision import Sides, judge
from tests.support.detections import answer, detections, made_up

FACE, FAR = [0, 0, 100, 100], [300, 300, 400, 400]


def test_each_box_and_face_has_its_place() -> None:
    again = [0, 0, 100, 60]  # IoU 0.6 with a face that is taken
    beside = [60, 0, 160, 100]  # IoU 0.25: a box of its own
    made = answer([FACE, FAR], [FACE, again, beside, [500, 0, 520, 20]])
    judged = faults(made, 0.5)
    assert judged.found.tolist() == [0] and judged.missed.tolist() == [1]
    assert judged.right.tolist() == [0]
    assert judged.duplicates.tolist() == [1] and judged.false.tolist() == [2, 3]


def test_a_poor_box_before_the_good_one_is_a_duplicate_too() -> None:
    made = answer([FACE], [[0, 0, 100, 40], FACE])  # IoU 0.4, too little to take the face
    judged = faults(made, 0.5)
    assert judged.duplicates.tolist() == [0] and judged.right.tolist() == [1]
    assert faults(answer([FACE], [[0, 0, 100, 40]]), 0.5).false.tolist() == [0]


def test_boxes_below_the_threshold_are_not_there() -> None:
    made = answer([FACE, FAR], [FACE, FAR], [0.9, 0.3])
    assert faults(made, 0.5).missed.tolist() == [1]
    assert faults(made, 0.3).missed.tolist() == []  # 0.3 as a float32 is not below 0.3
    assert faults(made, 0.95).missed.tolist() == [0, 1]


def test_ignored_faces_are_neither_missed_nor_found() -> None:
    small, inside = [200, 200, 210, 210], [20, 20, 50, 50]
    made = answer([FACE, small], [inside, small, small], ignored=[True, False])
    judged = faults(made, 0.0)
    assert judged.found.tolist() == [1] and judged.missed.tolist() == []
    assert judged.duplicates.tolist() == [2] and judged.false.tolist() == []
    # Half on an ignored face that another box has found: on no face that counts.
    crowd = answer([FACE], [inside, [0, 30, 100, 180]], ignored=[True])
    assert faults(crowd, 0.0).false.tolist() == [1]
    # Of another size: ignored, and a second box of that size is ignored too.
    judged = faults(made, 0.0, (32.0, 1e5))
    assert not any(len(getattr(judged, k)) for k in ("found", "missed", "right", "false"))
    assert len(judged.duplicates) == 0


@pytest.mark.parametrize("sides", [(0.0, 1e5), (40.0, 1e5)])
def test_counts_agree_with_the_verdict_of_the_measures(sides: Sides) -> None:
    for made in made_up(3).answers:
        judged = faults(made, 0.4, sides)
        used = made.scores >= np.float32(0.4)
        verdict = judge(made, np.array([0.5]), sides)
        right, wrong = (np.flatnonzero(v[0] & used) for v in (verdict.right, verdict.wrong))
        assert judged.right.tolist() == right.tolist()
        assert sorted([*judged.false, *judged.duplicates]) == wrong.tolist()
        assert len(judged.found) == len(judged.right) == len(set(judged.found))
        assert len(judged.found) + len(judged.missed) == verdict.faces
        assert not set(judged.found) & set(judged.missed)


def test_pictures_worth_a_look() -> None:
    fine = answer([FACE], [FACE], key="fine")
    misses_large = answer([FACE, [0, 0, 9, 9]], key="large")
    misses_small = answer([[i, 0, i + 9, 9] for i in range(0, 100, 10)], key="small")
    twice = answer([FACE], [FACE, FACE], key="twice")
    stray = answer([FACE], [FACE, FAR], key="stray")
    made = detections(fine, misses_small, misses_large, stray, twice)
    assert most_missed(made, 5) == [2, 1] and most_missed(made, 1) == [2]
    assert most_missed(made, 5, (40.0, 1e5)) == [2]
    assert most_overdetected(made, 5) == [4, 3] and most_overdetected(made, 1) == [4]
    assert most_missed(detections(), 3) == most_overdetected(detections(fine), 3) == []


def test_the_largest_missed_face_leads() -> None:
    made = made_up(1)
    sizes = [
        areas(made.answers[i].truth[faults(made.answers[i], made.threshold).missed]).max()
        for i in most_missed(made, 10)
    ]
    assert len(sizes) == 10 and sizes == sorted(sizes, reverse=True)
