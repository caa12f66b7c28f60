"""OpenFace's CSV (Baltrušaitis et al. 2018): action units, pose and landmarks of each frame.

OpenFace names no expressions, so none are recorded. What it says of the log's measures is taken:

- usable: ``success`` is 1 and ``confidence`` at least 0.8.
- smiling: ``AU12_c``, whether the lip corner puller is present.
- speaking, light and the probabilities stay empty, and so does the expressivity.
- times: ``timestamp``, a millisecond a frame for sequences of pictures: give a rate there.
- size: of the box around the 68 landmarks. Yaw and roll: ``pose_Ry`` and ``pose_Rz`` in degrees.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from mien.log.imports.frames import MOST_DEGREES, MOST_PIXELS, Cells, FrameRows, Imported
from mien.log.imports.tables import read_header, rows
from mien.log.shown import Candidate
from mien.log.windows import Sample
from mien.types import Box

CONFIDENCE = 0.8
"""Least confidence of a usable frame."""
_NEEDED = ("frame", "timestamp", "confidence", "success")
_LANDMARKS = 68


def read_openface(path: Path, rate: float | None = None) -> Imported | None:
    """The frames of a file; ``None`` if it is another one. Raises ``InputError``.

    ``rate``: frames a second, in place of the file's times.
    """
    found = read_header(path, _NEEDED)
    if found is None:
        return None
    columns = found[0]
    names = [f"x_{n}" for n in range(_LANDMARKS)], [f"y_{n}" for n in range(_LANDMARKS)]
    has_points = set(names[0]) | set(names[1]) <= set(columns)

    def time_of(row: Cells) -> float:
        if rate is not None:
            return (row.need("frame", 1) - 1) / rate
        return row.need("timestamp", 0)

    def frames() -> Iterator[FrameRows]:
        # Several faces of a frame have a row each.
        for time_s, group in groupby(rows(path, *found), key=time_of):
            faces = [_face(row, names if has_points else None) for row in group]
            yield FrameRows(time_s, tuple(face for face in faces if face is not None))

    return Imported("openface", "OpenFace action units", frames())


def _face(
    row: Cells, points: tuple[list[str], list[str]] | None
) -> tuple[Candidate, Sample] | None:
    """The face of a row; ``None`` if OpenFace found none."""
    success = row.need("success", 0, 1) == 1
    if not success:
        return None
    usable = row.need("confidence", 0, 1) >= CONFIDENCE
    box, size = Box(0, 0, 1, 1), None
    if points is not None:
        xs, ys = ([row.need(name, -MOST_PIXELS, MOST_PIXELS) for name in names] for names in points)
        box = Box(min(xs), min(ys), max(xs), max(ys))
        size = math.sqrt(box.area)
    smile = row.number("au12_c")
    yaw, roll = (row.number(name, math.radians(MOST_DEGREES)) for name in ("pose_ry", "pose_rz"))
    face = row.number("face_id")
    return Candidate(box, usable, None if face is None else int(face)), Sample(
        usable=usable,
        smiling=None if smile is None else smile >= 0.5,
        size=size,
        yaw=None if yaw is None else math.degrees(yaw),
        roll=None if roll is None else math.degrees(roll),
    )
