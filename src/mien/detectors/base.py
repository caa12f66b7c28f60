"""What a face detector is: any object with ``facts`` and ``detect``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mien.errors import InputError
from mien.types import Face


@dataclass(frozen=True, slots=True)
class DetectorFacts:
    """What ``mien models`` tells about a detector; readable without making one."""

    name: str
    """The name it is registered under."""
    summary: str
    """One line: method and paper."""
    landmarks: bool
    """Whether its faces carry the five landmarks."""
    licence: str = ""
    """Of the weights, as an SPDX identifier; empty where there are none."""
    source: str = ""
    """Where the weights come from."""
    cropped: bool = False
    """Whether its boxes are face crops already, to which no model's framing is to be applied."""


@runtime_checkable
class Detector(Protocol):
    """Finds faces.

    A class with these two members, registered with ``@register_detector("name")``, is a detector;
    it need not inherit from this one. ``detect`` may be called by several threads at once.
    """

    facts: ClassVar[DetectorFacts]

    def detect(self, image: NDArray[np.uint8]) -> list[Face]:
        """The faces in ``image``, (H, W, 3) uint8 RGB, best score first; empty where there is none.

        Boxes and landmarks are in pixels of ``image``. Raises ``InputError`` for an array of
        another shape or type.
        """
        ...


def check_image(image: Any) -> NDArray[np.uint8]:
    """``image`` itself where it is (H, W, 3) uint8; ``InputError`` where it is not."""
    if not isinstance(image, np.ndarray):
        raise InputError(f"a detector takes an array, (H, W, 3) uint8 RGB, got {type(image)}")
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
        got = f"{image.shape} {image.dtype}"
        raise InputError(f"a detector takes an array, (H, W, 3) uint8 RGB, got {got}")
    return image
