"""py-feat's CSV (Cheong et al. 2023): faces, action units, pose and expressions of each frame.

Times are ``frame`` divided by the rate of the video, which the file does not have. A face is usable
within the limits of ``mien.tracking.quality`` that the file says something of: size, yaw and roll,
and a score of at least 0.8. Light, sharpness and talking are not known.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from mien.errors import ConfigError
from mien.labels import FER2013
from mien.log.imports.frames import MOST_DEGREES, Cells, FrameRows, Imported, normalised
from mien.log.imports.tables import read_header, rows
from mien.log.shown import Candidate
from mien.log.windows import Sample
from mien.tracking.quality import LEAST_SIZE, MOST_ROLL, MOST_YAW

SCORE = 0.8
"""Least score of a usable face."""
_BOX = ("facerectx", "facerecty", "facerectwidth", "facerectheight")
_NEEDED = ("frame", *_BOX, "facescore", *FER2013)


def read_pyfeat(path: Path, rate: float | None) -> Imported | None:
    """The frames of a file; ``None`` if it is another one.

    ``rate``: frames a second of the video. Raises ``InputError``, and ``ConfigError`` without it.
    """
    found = read_header(path, _NEEDED)
    if found is None:
        return None
    if rate is None:
        raise ConfigError(f"{str(path)!r} has no times: give the frames a second, --rate")

    def frames() -> Iterator[FrameRows]:
        for number, group in groupby(rows(path, *found), key=lambda row: row.need("frame", 0)):
            faces = [_face(row) for row in group]
            yield FrameRows(number / rate, tuple(face for face in faces if face is not None))

    return Imported("pyfeat", "py-feat", frames())


def _face(row: Cells) -> tuple[Candidate, Sample] | None:
    box = row.box(*_BOX)
    if box is None:
        return None
    size = math.sqrt(box.area)
    yaw, roll = (row.number(name, MOST_DEGREES) for name in ("yaw", "roll"))
    values = [row.number(name) for name in FER2013]
    named = {k: v for k, v in zip(FER2013, values, strict=True) if v is not None}
    probs = normalised(named) if len(named) == len(FER2013) else None
    good = size >= LEAST_SIZE and (row.number("facescore") or 0.0) >= SCORE
    pose = abs(yaw or 0.0) <= MOST_YAW and abs(roll or 0.0) <= MOST_ROLL
    expression = None if probs is None else max(probs, key=probs.__getitem__)
    usable = good and pose and probs is not None
    return Candidate(box, usable, None), Sample(
        usable, probs, expression, None if expression is None else expression == "happiness",
        size=size, yaw=yaw, roll=roll,
    )  # fmt: skip
