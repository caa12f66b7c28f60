"""From face to crop: the square that the classifier sees, as its ``ModelSpec`` says."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.errors import ModelSpecError
from mien.preprocess.framing import Framing, framing_of
from mien.specs.classifier import ModelSpec
from mien.types import Face

MAX_SIDE = 1024
"""Longest side in pixels of a crop that is not a part of its picture: enough for any network, and
it limits the memory for a picture of 1×1,000,000 pixels that is taken as one face."""


def face_crop(image: NDArray[np.uint8], face: Face, spec: ModelSpec) -> NDArray[np.uint8]:
    """The square (S, S, 3) uint8 crop of ``face``, at the image's resolution.

    ``image``: (H, W, 3) RGB uint8. The side is (1 + ``spec.margin``) × the longer side of the box;
    the centre is that of the box, moved by ``spec.offset`` box sides. With ``spec.align`` and
    landmarks the crop is turned about its centre so that the eyes are level; without, it has the
    face's ``quarter_turns``. A box that is ``cropped`` has no margin and no offset. Outside the
    image, its border is repeated. The crop is a view of the image where possible; any other is at
    most ``MAX_SIDE`` pixels wide.
    """
    box = face.box
    longer = max(box.width, box.height)
    margin, offset = (0.0, (0.0, 0.0)) if face.cropped else (spec.margin, spec.offset)
    side = max(1, round(longer * (1 + margin)))
    by_eyes = spec.align and face.landmarks is not None
    angle = _eye_angle(face) if by_eyes else face.quarter_turns * math.pi / 2
    # The offset was measured on upright faces, so it turns with the face.
    dx, dy = offset[0] * longer, offset[1] * longer
    x = box.center[0] + dx * math.cos(angle) - dy * math.sin(angle)
    y = box.center[1] + dx * math.sin(angle) + dy * math.cos(angle)
    if not by_eyes or not angle:
        crop = _cut(image, round(x - side / 2), round(y - side / 2), side)
        turns = 0 if by_eyes else face.quarter_turns
        return np.ascontiguousarray(np.rot90(crop, turns)) if turns else crop
    outer = math.ceil(side * math.sqrt(2)) + 2  # contains the square at any angle
    left, top = round(x - outer / 2), round(y - outer / 2)
    around = _cut(image, left, top, outer, shrink=True)
    shrunk = around.shape[0] / outer
    inner = max(1, round(side * shrunk))
    return _rotate(around, (x - left) * shrunk, (y - top) * shrunk, inner, angle)


def checked_framing(plain: Any) -> Framing:
    """A framing as JSON has it. Raises ``KeyError``, ``TypeError`` or ``ValueError`` for others."""
    framing = framing_of(plain)
    try:
        ModelSpec("framed", ("any",), 1, **framing)
    except ModelSpecError as error:
        raise ValueError(str(error)) from None
    return framing


def spec_framing(spec: ModelSpec) -> Framing:
    """The framing that a classifier's spec asks for."""
    return Framing(margin=spec.margin, offset=spec.offset, align=spec.align)


def square(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A face crop of any shape, (H, W) or (H, W, 3), as a square of its longer side.

    The one framing of crops that are not square, in training, measuring and use: the crop is in the
    middle, and its border is repeated above and below, or left and right. It equals ``face_crop``
    of a box around all of it. A square stays as it is.
    """
    left, top, side = square_around(*picture.shape[:2])
    return _cut(picture, left, top, side)


def square_around(height: int, width: int) -> tuple[int, int, int]:
    """(left, top, side) of the square around a picture, in pixels; at most one is not 0."""
    side = max(height, width)
    return round(width / 2 - side / 2), round(height / 2 - side / 2), side


def _cut(
    image: NDArray[np.uint8], left: int, top: int, side: int, shrink: bool = False
) -> NDArray[np.uint8]:
    """The upright square; shrunk to ``MAX_SIDE`` if it is larger and not a view, or ``shrink``."""
    height, width = image.shape[:2]
    # A box completely outside the image gets the nearest border pixels.
    x1, x2 = min(max(left, 0), width - 1), max(min(left + side, width), 1)
    y1, y2 = min(max(top, 0), height - 1), max(min(top + side, height), 1)
    inside = image[y1:y2, x1:x2]
    if inside.shape[:2] == (side, side) and not shrink:
        return inside
    if side > MAX_SIDE:
        factor = MAX_SIDE / side
        size = max(1, round((x2 - x1) * factor)), max(1, round((y2 - y1) * factor))
        inside = np.asarray(cv2.resize(inside, size, interpolation=cv2.INTER_AREA), np.uint8)
        left, top = round((left - x1) * factor), round((top - y1) * factor)
        side = MAX_SIDE
    else:
        left, top = left - x1, top - y1
    if inside.shape[:2] == (side, side):
        return inside
    above, below, rows = _borders(top, side, inside.shape[0])
    before, after, columns = _borders(left, side, inside.shape[1])
    crop = cv2.copyMakeBorder(
        inside[rows, columns], above, below, before, after, cv2.BORDER_REPLICATE
    )
    return np.asarray(crop, np.uint8)


def _borders(start: int, side: int, length: int) -> tuple[int, int, slice]:
    """Pixels to repeat before and after, and the part between, of an axis of ``length`` pixels.

    They cover ``start`` to ``start + side``; beyond the axis, its nearest pixel is the part.
    """
    first = min(max(start, 0), length - 1)
    stop = max(min(start + side, length), first + 1)
    before = min(max(first - start, 0), side - (stop - first))
    return before, side - (stop - first) - before, slice(first, stop)


def _rotate(
    image: NDArray[np.uint8], x: float, y: float, side: int, angle: float
) -> NDArray[np.uint8]:
    cos, sin = math.cos(angle), math.sin(angle)
    half = (side - 1) / 2
    # Maps crop pixels to image pixels: turns about the crop's centre, then moves to (x, y).
    back = np.array(
        [
            [cos, -sin, x - 0.5 - cos * half + sin * half],
            [sin, cos, y - 0.5 - sin * half - cos * half],
        ]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    crop = cv2.warpAffine(image, back, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(crop, np.uint8)


def _eye_angle(face: Face) -> float:
    """Angle of the line through the eyes in radians, positive clockwise on the screen."""
    if face.landmarks is None:
        return 0.0
    (x1, y1), (x2, y2) = face.landmarks[:2]
    return math.atan2(y2 - y1, x2 - x1)
