"""What a face looks like, in a few colours: enough to tell two people apart who cross."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.types import Box

SIDE = 6
"""Colours a side."""
UNLIKE = 0.4
"""Mean difference of colours, of their range, at which two faces are not alike at all."""

Look = NDArray[np.float64]
"""(SIDE, SIDE, 3) colours in [0, 1]."""


def look(image: NDArray[np.uint8], box: Box) -> Look | None:
    """The colours of the face in ``box``; ``None`` where less than a pixel is inside the image."""
    x1, y1 = max(round(box.x1), 0), max(round(box.y1), 0)
    face = image[y1 : max(round(box.y2), 0), x1 : max(round(box.x2), 0)]
    if not face.size:
        return None
    few = cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(few, np.float64) / 255


def alike(ones: Sequence[Look | None], others: Sequence[Look | None]) -> NDArray[np.float64]:
    """(N, M) from 1, the same colours, to 0; 1 where one of the two is not known."""
    apart = np.abs(_table(ones)[:, None] - _table(others)[None]).mean(axis=2)
    return np.where(np.isnan(apart), 1.0, np.maximum(0.0, 1 - apart / UNLIKE))


def _table(looks: Sequence[Look | None]) -> NDArray[np.float64]:
    """(N, colours); NaN for those that are not known."""
    none = np.full((SIDE, SIDE, 3), np.nan)
    return np.array([none if one is None else one for one in looks]).reshape(len(looks), -1)
