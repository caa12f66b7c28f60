"""Which face is whom: the largest usable one, or one in each person's place in the picture.

Nobody is recognised by the face. Whoever sits in the place is taken for the person.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mien.errors import ConfigError
from mien.types import Box

LARGER = 2.0
"""Times the area of the face that is followed, from which another face takes its place."""
_REGION = re.compile(r"([0-9.]+),([0-9.]+),([0-9.]+),([0-9.]+)", re.A)


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the picture, in shares of its width and height from the top left."""

    x1: float
    y1: float
    x2: float
    y2: float

    def __post_init__(self) -> None:
        if not (0 <= self.x1 < self.x2 <= 1 and 0 <= self.y1 < self.y2 <= 1):
            raise ConfigError(
                f"{self} is not a part of the picture: give x1,y1,x2,y2 from 0 to 1, such as "
                "0,0,0.5,1 for the left half"
            )

    def __str__(self) -> str:
        """``x1,y1,x2,y2``."""
        return ",".join(f"{value:g}" for value in (self.x1, self.y1, self.x2, self.y2))

    def holds(self, box: Box, width: float, height: float) -> bool:
        """Whether the centre of ``box``, in pixels, lies in it."""
        x, y = box.center
        inside = self.x1 <= x / width < self.x2 or (self.x2 == 1 and x / width >= 1)
        return inside and (self.y1 <= y / height < self.y2 or (self.y2 == 1 and y / height >= 1))

    def overlaps(self, other: Region) -> bool:
        """Whether the two share more than an edge."""
        return max(self.x1, other.x1) < min(self.x2, other.x2) and max(self.y1, other.y1) < min(
            self.y2, other.y2
        )


def parse_person(text: str) -> tuple[str, Region | None]:
    """``anna`` or ``anna@0,0,0.5,1``: a pseudonym and its region. Raises ``ConfigError``."""
    name, at, place = text.partition("@")
    if not at:
        return name, None
    return name, parse_region(place, f"{name}@")


def parse_region(text: str, before: str = "") -> Region:
    """``0,0,0.5,1``; ``before`` begins the example in errors. Raises ``ConfigError``."""
    found = _REGION.fullmatch(text)
    try:
        numbers = [float(part) for part in found.groups()] if found else []
    except ValueError:
        numbers = []
    if len(numbers) != 4 or not all(map(math.isfinite, numbers)):
        raise ConfigError(
            f"{text!r} is not a part of the picture: give x1,y1,x2,y2 from 0 to 1, "
            f"such as {before}0,0,0.5,1"
        )
    return Region(*numbers)


def parse_persons(texts: Iterable[str]) -> dict[str, Region | None]:
    """Pseudonym → region. Raises ``ConfigError`` also for a person who is given twice."""
    found: dict[str, Region | None] = {}
    for name, region in map(parse_person, texts):
        if name in found:
            raise ConfigError(f"{name!r} is given twice: give each person once")
        found[name] = region
    return found


def check_regions(persons: Mapping[str, Region | None]) -> None:
    """Raise ``ConfigError`` unless the regions tell the persons apart."""
    items = list(persons.items())
    if len(items) > 1 and any(region is None for _, region in items):
        raise ConfigError(
            "several persons need a part of the picture each: "
            "--person anna@0,0,0.5,1 --person ben@0.5,0,1,1"
        )
    for number, (name, region) in enumerate(items):
        for other, another in items[number + 1 :]:
            if region is not None and another is not None and region.overlaps(another):
                raise ConfigError(
                    f"the parts of {name!r} and {other!r} overlap: give separate ones"
                )


@dataclass(frozen=True, slots=True)
class Candidate:
    """A face that may be the person."""

    box: Box
    usable: bool
    track_id: int | None


class Chooser:
    """Follows one person through the frames of a source: the largest usable track.

    A track is kept until it is gone, or another usable face has ``LARGER`` times its area. In a
    frame without a usable face, the followed or else the largest one is taken: it is seen, though
    its reading does not count.
    """

    def __init__(self, region: Region | None = None) -> None:
        self._region = region
        self._track: int | None = None

    def choose(self, faces: Sequence[Candidate], width: float, height: float) -> int | None:
        """The index of the person's face; ``None`` if nobody is there."""
        inside = [
            number
            for number, face in enumerate(faces)
            if self._region is None or self._region.holds(face.box, width, height)
        ]
        if not inside:
            return None
        best = max(inside, key=lambda n: (faces[n].usable, faces[n].box.area))
        followed = next(
            (n for n in inside if self._track is not None and faces[n].track_id == self._track),
            None,
        )
        if followed is not None:
            larger = faces[best].box.area >= LARGER * faces[followed].box.area
            if not (faces[best].usable and larger):
                return followed
        self._track = faces[best].track_id
        return best
