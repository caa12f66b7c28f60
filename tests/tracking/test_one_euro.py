from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.errors import ConfigError, InputError
from mien.tracking.one_euro import OneEuro, SteadyBoxes
from mien.types import Box, Face
from tests.support.tracks import person, reference


def test_as_its_author_has_it() -> None:
    """``tools/make_tracking_reference.py`` stored what the package OneEuroFilter answers."""
    held = reference()["one_euro"]
    filter_ = OneEuro(held["min_cutoff"], held["beta"], held["speed_cutoff"])
    pairs = zip(held["values"], held["times"], strict=True)
    found = [filter_.add(np.array([value]), time_s)[0] for value, time_s in pairs]
    assert found == pytest.approx(held["filtered"], abs=1e-12)


def boxes(faces: list[tuple[Face, ...]]) -> np.ndarray:
    return np.array([face.box.to_list() for (face,) in faces])


@pytest.mark.parametrize("side", [20, 200])
def test_boxes_at_rest_tremble_less_and_moving_ones_follow(side: float) -> None:
    rng = np.random.default_rng(0)
    steady, out, found = SteadyBoxes(), [], []
    for step in range(120):
        x = 300 + max(0, step - 60) * side / 30  # a side a second, from 2 seconds on
        shake = rng.normal(0, 0.02 * side)
        found.append(x)
        out.append(steady.update((person(1, x + shake, side=side),), step / 30))
    rows = boxes(out)
    at_rest = rows[20:60, 0] + side / 2 - 300
    assert at_rest.std() < 0.5 * 0.02 * side
    assert np.abs(rows[90:, 0] + side / 2 - found[90:]).mean() < 0.1 * side


def test_faces_keep_all_but_their_box() -> None:
    steady = SteadyBoxes()
    steady.update((person(1, 100),), 0)
    moved, nobody = person(1, 110), person(None, 50)
    one, other = steady.update((moved, nobody), 0.1)
    assert replace(one, box=moved.box) == moved and one != moved
    assert other == nobody


def test_a_person_who_comes_back_later_starts_anew() -> None:
    steady = SteadyBoxes()
    steady.update((person(1, 100),), 0)
    assert steady.update((person(1, 400),), 10) == (person(1, 400),)


def test_an_empty_box() -> None:
    steady = SteadyBoxes()
    for step in range(3):
        (face,) = steady.update((Face(Box(1, 1, 1, 1), track_id=3),), step)
    assert face.box.to_list() == [1, 1, 1, 1]


def test_bad_input() -> None:
    filter_ = OneEuro()
    filter_.add(np.zeros(1), 1)
    for time_s in (1, 0, float("nan"), float("inf")):
        with pytest.raises(InputError, match="later than 1"):
            filter_.add(np.zeros(1), time_s)
    for options in ((0, 1), (1, -1), (float("nan"), 1)):
        with pytest.raises(ConfigError, match="above 0"):
            SteadyBoxes(*options)
