"""Finds the faces of a picture, and decodes no more of a large JPEG than that takes.

A photo of 12 megapixels is mostly decoding. A detector that shrinks it anyway gets it at 1/2 or
1/4, which libjpeg decodes in a fraction of the time, and so does the classifier where the faces in
it are large enough.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TypeGuard

import numpy as np
from numpy.typing import NDArray

from mien.detectors.base import Detector, ShrinkingDetector
from mien.detectors.turns import detect_turned
from mien.media.images import Source, is_address, read_image, read_reduced
from mien.preprocess.crop import face_crop
from mien.specs.classifier import ModelSpec
from mien.types import Face

Image = NDArray[np.uint8]

ENOUGH = 1.5
"""A crop of a shrunk picture has at least this many times the pixels a side that the classifier
takes; for smaller faces the whole picture is decoded."""


@dataclass(frozen=True, slots=True)
class Found:
    """A picture and its faces."""

    image: Image
    """(h, w, 3) RGB uint8: the picture, or a smaller one of the same view."""
    height: int
    """Of the picture, in pixels."""
    width: int
    faces: list[Face]
    """From left to right, in pixels of the picture."""

    @property
    def is_whole(self) -> bool:
        """Whether ``image`` is the picture itself."""
        return self.image.shape[:2] == (self.height, self.width)

    def crop(self, face: Face, spec: ModelSpec) -> Image:
        """The crop of ``face``: see ``face_crop``."""
        if not self.is_whole:
            height, width = self.image.shape[:2]
            face = face.mapped(width / self.width, height / self.height)
        return face_crop(self.image, face, spec)


def find_faces(
    source: Source,
    detector: Detector,
    spec: ModelSpec,
    *,
    whole: bool,
    turned: bool = False,
    max_pixels: int | None = None,
    allow_private: bool | None = None,
) -> Found:
    """The faces in ``source``, for the classifier of ``spec``; ``whole``: its picture is needed.

    ``turned``: on its sides and upside down as well (``mien.detectors.turns``). Raises
    ``ImageReadError`` or ``InputError`` for what is not a picture, and what the detector raises.
    """
    whole = whole or turned
    if whole or not isinstance(detector, ShrinkingDetector) or not _can_be_read_twice(source):
        image = read_image(source, max_pixels=max_pixels, allow_private=allow_private)
        faces = detect_turned(detector, image) if turned else detector.detect(image)
        return _found(image, image.shape[0], image.shape[1], faces)
    image, (height, width) = read_reduced(source, detector.working_scale, max_pixels=max_pixels)
    found = _found(image, height, width, detector.detect_shrunk(image, height, width))
    if not found.is_whole and any(
        found.crop(face, spec).shape[0] < ENOUGH * spec.input_size for face in found.faces
    ):
        return replace(found, image=read_image(source, max_pixels=max_pixels))
    return found


def _found(image: Image, height: int, width: int, faces: list[Face]) -> Found:
    return Found(image, height, width, sorted(faces, key=lambda face: (face.box.x1, face.box.y1)))


def _can_be_read_twice(source: Source) -> TypeGuard[str | os.PathLike[str] | bytes]:
    if isinstance(source, bytes):
        return True
    if is_address(source) or not isinstance(source, str | os.PathLike):
        return False
    return os.path.isfile(source)  # noqa: PTH113 - never raises
