from __future__ import annotations

import pytest

from mien.evaluation.tracking.frames import compare_frames
from mien.evaluation.tracking.identity import identity_switches, idf1
from tests.support.tracks import faces, person, reference


@pytest.mark.parametrize("number", range(len(reference()["streams"])))
def test_as_trackeval_says(number: int) -> None:
    held = reference()["streams"][number]
    stream = compare_frames((faces(f["truth"]), faces(f["tracked"])) for f in held["frames"])
    assert idf1(stream) == pytest.approx(held["idf1"], abs=1e-9)
    assert identity_switches(stream) == held["switches"]


def test_the_reference_has_switches_and_right_numbers() -> None:
    assert all(0.1 < held["idf1"] < 1 for held in reference()["streams"])
    assert min(held["switches"] for held in reference()["streams"]) < 5
    assert max(held["switches"] for held in reference()["streams"]) > 10


def test_exchanged_numbers_are_two_switches() -> None:
    frames = [
        ([person(1, 50), person(2, 150)], [person(a, 50), person(b, 150)])
        for a, b in [(1, 2), (1, 2), (2, 1)]
    ]
    stream = compare_frames(frames)
    assert identity_switches(stream) == 2
    assert idf1(stream) == pytest.approx(4 / 6)


def test_a_gap_is_no_switch() -> None:
    stream = compare_frames(
        [([person(1, 50)], found) for found in ([person(4, 50)], [], [person(4, 50)])]
    )
    assert identity_switches(stream) == 0


def test_no_face_at_all() -> None:
    stream = compare_frames([([], [])])
    assert idf1(stream) == 1 and identity_switches(stream) == 0
