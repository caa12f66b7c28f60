"""Faces over time, for tests of tracking and its measures."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from mien.types import Box, Face

REFERENCE = Path(__file__).resolve().parents[1] / "fixtures" / "tracking_reference.json"


@cache
def reference() -> dict[str, Any]:
    """What ``tools/make_tracking_reference.py`` stored."""
    held: dict[str, Any] = json.loads(REFERENCE.read_text("utf-8"))
    return held


def person(number: int | None, x: float, y: float = 100, side: float = 40) -> Face:
    """An upright face, centred at x, y."""
    half = side / 2
    points = [(-0.2, -0.1), (0.2, -0.1), (0, 0.1), (-0.15, 0.25), (0.15, 0.25)]
    return Face(
        Box(x - half, y - half, x + half, y + half),
        0.9,
        tuple((x + px * side, y + py * side) for px, py in points),
        number,
    )


def faces(rows: list[list[float]]) -> list[Face]:
    """(number, x1, y1, x2, y2) rows as faces."""
    return [Face(Box(*box), track_id=int(number)) for number, *box in rows]
