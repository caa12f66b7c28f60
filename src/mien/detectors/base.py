"""What a face detector is: any object with ``facts`` and ``detect``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mien.errors import ConfigError, InputError
from mien.types import Face


@dataclass(frozen=True, slots=True)
class DetectorFacts:
    """What ``mien models`` tells about a detector; readable without making one."""

    name: str
    """The name it is registered under, or that of the file it was made from."""
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
    needs: str = ""
    """What it still lacks here, such as a file to be named; empty where it works as it is."""


@runtime_checkable
class Detector(Protocol):
    """Finds faces.

    A class with these two members, registered with ``@register_detector("name")``, is a detector;
    it need not inherit from this one. ``facts`` belong to the class, so that they are told without
    making one; an instance may have its own, such as those of the file that it was made from.
    ``detect`` may be called by several threads at once.
    """

    @property
    def facts(self) -> DetectorFacts:
        """What it is."""
        ...

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


def check_faces(name: str, faces: list[Face], picture: str) -> list[Face]:
    """``faces`` themselves where boxes and scores are finite numbers; ``InputError`` else.

    ``name`` is the detector's, ``picture`` the picture's: a third party's code may answer anything.
    """
    for face in faces:
        if not all(map(math.isfinite, (*face.box.to_list(), face.score))):
            raise InputError(
                f"detector {name!r} answers to {picture} with boxes or scores that are no finite "
                "numbers: they cannot be used"
            )
    return faces


def check_score(name: str, value: float) -> float:
    """``value`` itself where it can bound a score; ``ConfigError``, which names the option."""
    if not 0 <= value <= 1:
        raise ConfigError(f"{name} must be from 0 to 1, got {value}")
    return value


def check_length(name: str, value: float, least: float = 0) -> float:
    """``value`` itself where it is a length of at least ``least`` pixels; ``ConfigError``."""
    if not least <= value < float("inf"):
        raise ConfigError(f"{name} must be {least} pixels or more, got {value}")
    return value
