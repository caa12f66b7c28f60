from __future__ import annotations

import pytest

pytest.importorskip("sqlalchemy")

from mien.log.shown import Candidate, Chooser, Region
from mien.types import Box


def face(side: float, track: int | None, usable: bool = True, at: float = 0) -> Candidate:
    return Candidate(Box(at, 0, at + side, side), usable, track)


def test_the_largest_usable_track_is_followed() -> None:
    chooser = Chooser()

    def track(*faces: Candidate) -> int | None:
        number = chooser.choose(faces, 100, 100)
        return None if number is None else faces[number].track_id

    assert track() is None
    assert track(face(90, 1, usable=False), face(50, 2), face(40, 3)) == 2
    assert track(face(45, 2), face(55, 3)) == 2  # a little larger: the person stays
    assert track(face(45, 2, usable=False), face(55, 3)) == 2
    assert track(face(40, 2), face(60, 3)) == 3  # more than twice the area
    assert track(face(60, 4)) == 4  # 3 is gone
    assert track(face(20, 5, usable=False)) == 5  # seen, though it does not count


def test_a_region_is_looked_into_alone() -> None:
    chooser = Chooser(Region(0.5, 0, 1, 1))
    assert chooser.choose([face(40, 1), face(20, 2, at=70)], 100, 100) == 1
    assert chooser.choose([face(40, 1)], 100, 100) is None
    assert chooser.choose([face(40, 1, at=90)], 100, 100) == 0  # its centre is beyond the edge
