"""What every reader of results gives: frames with faces, in the order of time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mien.errors import InputError, brief
from mien.log.shown import Candidate
from mien.log.windows import Sample
from mien.types import Box

MOST_PIXELS, MOST_DEGREES = 1e6, 360.0
"""The largest numbers that a position in a picture and an angle can be."""
_MOST = 1e15  # of any number: later than every time in milliseconds
Row = Mapping[str, str]
"""A row of a table: column in small letters → text, empty where nothing is known."""


@dataclass(frozen=True, slots=True)
class FrameRows:
    """The faces of one frame."""

    time_s: float
    """Seconds since the start of the recording."""
    faces: tuple[tuple[Candidate, Sample], ...]
    width: float = 0.0
    """Of the picture in pixels, where it is known: regions need it."""
    height: float = 0.0


@dataclass(frozen=True, slots=True)
class Imported:
    """The content of a file."""

    reader: str
    model: str
    """What made the values, as far as the file says."""
    frames: Iterator[FrameRows]


class Cells:
    """Reads numbers from a row; errors name the line and the column."""

    def __init__(self, name: str, line: int, row: Row) -> None:
        self._name, self._line, self._row = name, line, row

    def number(self, column: str, most: float = _MOST) -> float | None:
        """From -``most`` to ``most``; ``None`` for an empty cell. Raises ``InputError``."""
        text = self._row.get(column, "").strip()
        if not text or text.lower() in ("nan", "none", "null"):
            return None
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not abs(value) <= most:
            expected = f"expected at most {most:g}" if math.isfinite(value) else "not a number"
            raise InputError(
                f"{self._name}, line {self._line}: {column} is {brief(text)}, {expected}"
            )
        return value

    def need(self, column: str, low: float = -math.inf, high: float = math.inf) -> float:
        """A number from ``low`` to ``high``. Raises ``InputError``."""
        value = self.number(column)
        if value is None or not low <= value <= high:
            shown = "empty" if value is None else f"{value:g}"
            raise InputError(f"{self._name}, line {self._line}: {column} is {shown}")
        return value

    def text(self, column: str) -> str:
        """The text of a cell."""
        return self._row.get(column, "").strip()

    def box(self, x: str, y: str, width: str, height: str) -> Box | None:
        """A box from four columns; ``None`` if one is empty."""
        values = [self.number(name, MOST_PIXELS) for name in (x, y, width, height)]
        left, top, across, down = values
        if left is None or top is None or across is None or down is None:
            return None
        return Box(left, top, left + across, top + down)


def normalised(values: Mapping[str, float]) -> dict[str, float] | None:
    """The values as probabilities that sum to 1; ``None`` if none is above 0."""
    total = math.fsum(values.values())
    if not total > 0 or min(values.values()) < 0:
        return None
    return {name: value / total for name, value in values.items()}
