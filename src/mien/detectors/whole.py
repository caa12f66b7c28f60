"""The detector ``none``: the whole picture is one face, for pictures that are already cropped."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from mien.detectors.base import DetectorFacts, check_image
from mien.registry import register_detector
from mien.types import Box, Face


@register_detector("none")
class Whole:
    """Detects nothing: returns one face whose box is the picture, score 1, without landmarks."""

    facts: ClassVar[DetectorFacts] = DetectorFacts(
        name="none", summary="the whole picture is one face", landmarks=False, cropped=True
    )
    score_threshold: ClassVar[float] = 0.0

    def detect(self, image: NDArray[np.uint8], score_threshold: float | None = None) -> list[Face]:
        """One face for ``image``, (H, W, 3) uint8; ``InputError`` for any other array.

        ``score_threshold`` has no effect: the score is always 1.
        """
        height, width = check_image(image).shape[:2]
        return [Face(Box(0.0, 0.0, float(width), float(height)), score=1.0)]
