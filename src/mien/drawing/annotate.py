"""Draws boxes and labels of faces into a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mien.drawing.colors import color_of
from mien.media.decoder import Image

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

    Font = FreeTypeFont | ImageFont

_DARK, _LIGHT = "#101010", "#FFFFFF"
_COVER = 0.1  # a label of which a larger share covers other faces is shortened


class Mark(NamedTuple):
    """What is drawn of one face."""

    number: int | None
    """From left to right, from 0, or that of the person in a video; ``None``: not known."""
    box: tuple[float, float, float, float]
    """``x1, y1, x2, y2`` in pixels."""
    expression: str
    prob: float
    """The highest of ``probs``."""
    probs: tuple[tuple[str, float], ...] = ()
    """Label and probability, in the model's order."""
    note: str = ""
    """What a reader should know of this face."""
    affect: str = ""
    """Valence and arousal, in a few letters."""

    @property
    def area(self) -> float:
        """Square pixels."""
        x1, y1, x2, y2 = self.box
        return max(0.0, x2 - x1) * max(0.0, y2 - y1)

    def scaled(self, factor: float) -> Mark:
        """The mark in a picture that is ``factor`` times as large."""
        x1, y1, x2, y2 = self.box
        return self._replace(box=(x1 * factor, y1 * factor, x2 * factor, y2 * factor))


def annotate(image: Image, marks: Sequence[Mark], *, min_side: int = 320) -> Image:
    """A copy of ``image``, RGB uint8 (H, W, 3), with the box and label of each mark.

    A label is the number of the face, if known, then its expression and probability, then valence
    (V) and arousal (A) where they are known and there is room. Lines and letters scale with the
    picture and the face. A picture with marks whose longer side has fewer than ``min_side`` pixels
    is enlarged by a whole factor, (kH, kW, 3), to make labels legible; 0 keeps its size. Where
    faces are close, labels move aside, then lose their last part, then shrink to three letters,
    then to the number; a label without any free place is left out.
    """
    import PIL.Image
    import PIL.ImageDraw

    picture = PIL.Image.fromarray(image)
    if not marks:
        return image.copy()
    factor = max(1, math.ceil(min_side / max(picture.size)))
    if factor > 1:
        width, height = picture.size
        picture = picture.resize((width * factor, height * factor), PIL.Image.Resampling.BICUBIC)
    draw = PIL.ImageDraw.Draw(picture)
    side = math.sqrt(picture.width * picture.height)
    # Largest faces first: their labels hide most, so they choose their places first.
    marks = sorted(marks, key=lambda mark: -mark.area)
    boxes = np.array([mark.box for mark in marks]) * factor  # (N, 4)
    for mark, box in zip(marks, boxes, strict=True):
        _draw_box(draw, box, color_of(mark.expression), _line_width(box, side))
    labels = np.empty((0, 4))
    for index, (mark, box) in enumerate(zip(marks, boxes, strict=True)):
        others = np.delete(boxes, index, axis=0)
        label = _place(mark, box, others, labels, picture.size)
        if label is not None:
            labels = np.vstack([labels, label.rect])
            _draw_label(draw, label, color_of(mark.expression))
    return np.array(picture)


class _Label(NamedTuple):
    number: str  # this or the text may be empty
    text: str
    rect: NDArray[np.float64]  # (4,): x1, y1, x2, y2 of both
    font: Font
    pad: int

    def middle(self) -> float:
        """The x at which the number ends and the text begins."""
        return float(self.rect[0]) + _width(self.number, self.font, self.pad)


def _line_width(box: NDArray[np.float64], side: float) -> int:
    return max(1, round(min(side / 350, float(box[2] - box[0]) / 25)))


def _font_size(box: NDArray[np.float64], side: float) -> int:
    smallest = max(11.0, side / 85)
    return round(min(max(float(box[2] - box[0]) / 7, smallest), max(smallest, side / 32)))


@lru_cache(maxsize=64)
def _font(size: int) -> Font:
    from PIL import ImageFont

    return ImageFont.load_default(size=size)


def _width(text: str, font: Font, pad: int) -> float:
    return font.getlength(text) + 2 * pad if text else 0.0


def _place(
    mark: Mark,
    box: NDArray[np.float64],
    others: NDArray[np.float64],
    labels: NDArray[np.float64],
    size: tuple[int, int],
) -> _Label | None:
    """The label where it covers no other label and least of other faces; ``None`` without room."""
    side = math.sqrt(size[0] * size[1])
    font_size = _font_size(box, side)
    font, pad, line = _font(font_size), max(2, font_size // 4), _line_width(box, side)
    top, bottom = font.getbbox("hg")[1::2]
    height = bottom - top + 2 * pad
    best: tuple[float, _Label] | None = None
    number = "" if mark.number is None else str(mark.number)
    full = f"{mark.expression} {mark.prob:.0%}"
    texts = [full, mark.expression[:3], *([""] if number else [])]
    if mark.affect:
        texts.insert(0, f"{full}  {mark.affect}")
    for text in texts:
        width = _width(number, font, pad) + _width(text, font, pad)
        if text and width > size[0]:
            continue
        for rect in _spots(box, width, height, line, size):
            if _overlap(rect, labels).any():
                continue
            cover = float(_overlap(rect, others).sum()) / (width * height)
            if best is None or cover < best[0] - 1e-9:
                best = (cover, _Label(number, text, rect, font, pad))
        if best is not None and best[0] <= _COVER:
            break
    return best[1] if best else None


def _spots(
    box: NDArray[np.float64], width: float, height: float, line: int, size: tuple[int, int]
) -> list[NDArray[np.float64]]:
    """Possible (4,) rectangles, best first: above, below and beside the box, then inside it."""
    x1, y1, x2, y2 = box + np.array([-line, -line, line, line]) / 2
    outside = [
        (x1, y1 - height), (x1, y2), (x2 - width, y1 - height), (x2 - width, y2),
        (x2, y1), (x1 - width, y1), (x2, y2 - height), (x1 - width, y2 - height),
    ]  # fmt: skip
    inside = [(x1, y1), (x1, y2 - height)]
    spots = []
    for place, (x, y) in enumerate(outside + inside):
        left = min(max(x, 0), max(0, size[0] - width))
        up = min(max(y, 0), max(0, size[1] - height))
        # Near the picture's border a label may move along the box's edge, but not onto the face.
        if place >= len(outside) or (up == y if place < 4 else left == x):
            spots.append(np.array([left, up, left + width, up + height]))
    return spots


def _overlap(rect: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,) areas in square pixels that ``rect`` (4,) shares with each of ``others`` (N, 4)."""
    shared = np.minimum(rect[2:], others[:, 2:]) - np.maximum(rect[:2], others[:, :2])
    areas: NDArray[np.float64] = np.clip(shared, 0, None).prod(axis=1)
    return areas


def _draw_box(draw: ImageDraw, box: NDArray[np.float64], color: str, width: int) -> None:
    right, bottom = draw.im.size
    x1, x2 = np.clip([box[0], box[2] - 1], 0, right - 1)
    y1, y2 = np.clip([box[1], box[3] - 1], 0, bottom - 1)
    half, edge = width // 2, max(1, width // 3)
    # A dark edge on both sides makes any colour visible on any background.
    for grow, colour, thick in ((half + edge, _DARK, width + 2 * edge), (half, color, width)):
        corners = [round(v) for v in (x1 - grow, y1 - grow, x2 + grow, y2 + grow)]
        draw.rectangle(corners, outline=colour, width=thick)


def _draw_label(draw: ImageDraw, label: _Label, color: str) -> None:
    x1, y1, x2, y2 = (round(v) for v in label.rect)
    middle = round(label.middle()) if label.text else x2
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    bright = 0.299 * red + 0.587 * green + 0.114 * blue > 100
    # The number is light on dark, so that it is not read as a part of the text.
    for text, left, right, ground, ink in (
        (label.number, x1, middle, _DARK, _LIGHT),
        (label.text, middle, x2, color, _DARK if bright else _LIGHT),
    ):
        if text:
            draw.rectangle((left, y1, right - 1, y2 - 1), fill=ground)
            place = (left + label.pad, y1 + label.pad - label.font.getbbox("hg")[1])
            draw.text(place, text, fill=ink, font=label.font)
