"""The detector ``auto``: the default one, or the whole picture where it is a face crop."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from mien.detectors.base import DetectorFacts
from mien.detectors.yunet.detector import YuNet
from mien.detectors.yunet.network import SPEC
from mien.registry import register_detector
from mien.types import Box, Face

LARGEST = 128
"""Pixels of the longer side of a picture that may be a face crop."""
SQUARE = 1.1
"""Its longer side is at most this many times the shorter one."""


@register_detector("auto")
class Auto:
    """YuNet; and the whole picture as one face where it finds none in a small, square picture.

    Made for folders that hold photos and face crops, such as FER2013's: a detector misses a face
    that fills its picture. Any small, square picture without a face becomes a face too, so it is
    not the default: ``docs/detector_yunet.md`` has the figures.

    ``score_threshold``, ``min_face_size``, ``threads`` and ``device``: as in ``YuNet``.
    """

    facts: ClassVar[DetectorFacts] = DetectorFacts(
        name="auto",
        summary="YuNet, or a small square picture as one face",
        landmarks=YuNet.facts.landmarks,
        licence=YuNet.facts.licence,
        source=YuNet.facts.source,
        margin=YuNet.facts.margin,
        offset=YuNet.facts.offset,
    )

    def __init__(
        self,
        *,
        score_threshold: float = SPEC.score_threshold,
        min_face_size: float | None = None,
        threads: int | None = None,
        device: str | None = None,
    ) -> None:
        self._detector = YuNet(
            score_threshold=score_threshold,
            min_face_size=min_face_size,
            threads=threads,
            device=device,
        )
        self.score_threshold = self._detector.score_threshold

    def detect(self, image: NDArray[np.uint8], score_threshold: float | None = None) -> list[Face]:
        """The faces in ``image``, (H, W, 3) uint8 RGB, best score first.

        The face that is the whole picture has the score of the threshold, no landmarks and
        ``Face.cropped``. Raises ``InputError`` for an array of another shape or type.
        """
        faces = self._detector.detect(image, score_threshold)
        height, width = image.shape[:2]
        longer, shorter = max(height, width), min(height, width)
        if faces or longer > LARGEST or longer > SQUARE * shorter:
            return faces
        threshold = self.score_threshold if score_threshold is None else score_threshold
        return [Face(Box(0.0, 0.0, float(width), float(height)), threshold, cropped=True)]
