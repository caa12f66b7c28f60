"""Exports of iMotions with FACET's evidence of emotions. Written from the documented header, and
not tried on a real file.

A line of columns follows some lines about the study. ``Joy Evidence`` and its like are logarithms
to the base of ten of the odds that an expert would see the emotion (iMotions' guide to FACET), so
the probability is 1 / (1 + 10^-evidence). They are independent: here they are scaled to sum to 1.
A face is usable where there is evidence and it is large, turned and tilted within the limits of
``mien.tracking.quality``, as far as the columns say.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from mien.errors import InputError
from mien.log.imports.frames import MOST_DEGREES, Cells, FrameRows, Imported, normalised
from mien.log.imports.tables import read_header, rows
from mien.log.shown import Candidate
from mien.log.windows import Sample
from mien.tracking.quality import LEAST_SIZE, MOST_ROLL, MOST_YAW
from mien.types import Box

EMOTIONS = {
    "joy evidence": "happiness", "anger evidence": "anger", "surprise evidence": "surprise",
    "fear evidence": "fear", "contempt evidence": "contempt", "disgust evidence": "disgust",
    "sadness evidence": "sadness", "neutral evidence": "neutral",
}  # fmt: skip
_TIMES = ("timestamp", "mediatime")  # milliseconds
_BOX = ("facerect x", "facerect y", "facerect width", "facerect height")
_MOST_EVIDENCE = 30.0


def read_imotions(path: Path) -> Imported | None:
    """The frames of a file; ``None`` if it is another one. Raises ``InputError``."""
    found = read_header(path, ("joy evidence", "anger evidence"))
    if found is None:
        return None
    time = next((name for name in _TIMES if name in found[0]), None)
    if time is None:
        raise InputError(f"{str(path)!r} has evidence of FACET, but no column Timestamp (ms)")

    def frames() -> Iterator[FrameRows]:
        first: float | None = None
        for time_ms, group in groupby(rows(path, *found), key=lambda row: row.need(time)):
            first = time_ms if first is None else first
            faces = [_face(row) for row in group]
            found_faces = tuple(face for face in faces if face is not None)
            yield FrameRows((time_ms - first) / 1000, found_faces)

    return Imported("imotions", "iMotions FACET", frames())


def _face(row: Cells) -> tuple[Candidate, Sample] | None:
    evidence = {noun: row.number(name) for name, noun in EMOTIONS.items()}
    known = {noun: value for noun, value in evidence.items() if value is not None}
    if not known:
        return None
    odds = {k: 10 ** min(max(v, -_MOST_EVIDENCE), _MOST_EVIDENCE) for k, v in known.items()}
    probs = normalised({noun: one / (1 + one) for noun, one in odds.items()})
    assert probs is not None
    box = row.box(*_BOX)
    yaw, roll = (row.number(name, MOST_DEGREES) for name in ("yaw degrees", "roll degrees"))
    size = None if box is None else math.sqrt(box.area)
    usable = (
        (size is None or size >= LEAST_SIZE)
        and abs(yaw or 0.0) <= MOST_YAW
        and abs(roll or 0.0) <= MOST_ROLL
    )
    expression = max(probs, key=probs.__getitem__)
    return Candidate(box or Box(0, 0, 1, 1), usable, None), Sample(
        usable, probs, expression, expression == "happiness", size=size, yaw=yaw, roll=roll
    )
