from __future__ import annotations

from dataclasses import astuple

import pytest

from mien.evaluation.tracking.frames import compare_frames
from mien.evaluation.tracking.hota import hota
from tests.support.tracks import faces, person, reference


@pytest.mark.parametrize("number", range(len(reference()["streams"])))
def test_as_trackeval_says(number: int) -> None:
    """``tools/make_tracking_reference.py`` stored TrackEval's answers."""
    held = reference()["streams"][number]
    stream = compare_frames((faces(f["truth"]), faces(f["tracked"])) for f in held["frames"])
    expected = (held["hota"], held["detection"], held["association"])
    assert astuple(hota(stream)) == pytest.approx(expected, abs=1e-9)


def test_a_perfect_tracker_has_one() -> None:
    stream = compare_frames([([person(1, x)], [person(9, x)]) for x in range(5)])
    assert astuple(hota(stream)) == (1, 1, 1)


def test_a_new_number_halfway_halves_the_association() -> None:
    stream = compare_frames([([person(1, x)], [person(x // 5, x)]) for x in range(10)])
    assert astuple(hota(stream)) == pytest.approx((0.5**0.5, 1, 0.5))


def test_nothing_found_has_zero() -> None:
    assert astuple(hota(compare_frames([([person(1, 5)], [])]))) == (0, 0, 0)
