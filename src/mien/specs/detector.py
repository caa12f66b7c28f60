"""``DetectorSpec``: the facts inside a trained detector's ONNX file.

They are one JSON object under the key ``mien_detector`` of the file's ``metadata_props``. The graph
takes ``pixels``, (H, W, 3) uint8 RGB as ``mien.preprocess.letterbox`` makes them, and gives
``boxes``, (N, 4) float32 as x1, y1, x2, y2 in pixels of that input, and ``scores``, (N,) float32 in
[0, 1], best first, after non-maximum suppression. YuNet's has inputs and outputs of its own: see
``mien.detectors.yunet.network``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mien.errors import brief
from mien.parsing import are_numbers, is_number, is_text
from mien.specs.metadata import LARGEST_INPUT, LARGEST_SHIFT, Spec, are_sides

METADATA_KEY = "mien_detector"


@dataclass(frozen=True, slots=True)
class DetectorSpec(Spec):
    """What you must know to use a detector's weights correctly."""

    KEY: ClassVar[str] = METADATA_KEY
    TITLE: ClassVar[str] = "detector spec"
    ABSENT: ClassVar[str] = (
        "its input is unknown: expected a face detector written by 'mien export'"
    )

    short_side: int | None
    """The picture is resized so that its shorter side has this many pixels …"""
    long_side: int | None
    """… and its longer side no more than this. Both ``None``: it keeps its size."""
    stride: int = 32
    """Both sides of the input are multiples of it."""
    score_threshold: float = 0.5
    """Default score threshold."""
    architecture: str = ""
    """Such as ``faster_rcnn resnet50``."""
    min_face_size: float = 0.0
    """Default side in pixels of the smallest face to look for."""
    margin: float = 0.0
    """Side of MTCNN's box of the same face = (1 + margin) × the longer side of this detector's."""
    offset: tuple[float, float] = (0.0, 0.0)
    """Shift of that box's centre, in sides of this detector's box, x right and y down."""

    def _checks(self) -> list[tuple[bool, str]]:
        sides = [self.short_side, self.long_side, self.stride]
        resized = sides[:2] != [None, None]
        whole = are_sides(*(sides if resized else sides[2:]))
        return [
            (is_text(self.architecture), "architecture must be text"),
            (
                is_number(self.min_face_size, 0, LARGEST_INPUT),
                f"min_face_size must be from 0 to {LARGEST_INPUT} pixels, "
                f"got {brief(self.min_face_size)}",
            ),
            (
                is_number(self.margin, -1, LARGEST_SHIFT) and self.margin > -1,
                f"margin must be above -1, at most {LARGEST_SHIFT}, got {brief(self.margin)}",
            ),
            (
                are_numbers(self.offset, 2, -LARGEST_SHIFT, LARGEST_SHIFT),
                f"offset must be two numbers from -{LARGEST_SHIFT} to {LARGEST_SHIFT}, "
                f"got {brief(self.offset)}",
            ),
            (
                whole,
                "short_side, long_side and stride must be whole numbers up to "
                f"{LARGEST_INPUT}, got {brief(sides)}",
            ),
            (
                not (whole and self.short_side and self.long_side)
                or self.long_side >= self.short_side,
                f"long_side {brief(self.long_side)} is smaller than short_side "
                f"{brief(self.short_side)}",
            ),
            (
                is_number(self.score_threshold, 0, 1),
                f"score_threshold must be from 0 to 1, got {brief(self.score_threshold)}",
            ),
        ]
