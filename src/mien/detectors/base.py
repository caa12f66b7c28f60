"""What a face detector is: an object with ``facts``, ``score_threshold`` and ``detect``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mien.errors import ConfigError, InputError
from mien.options import takes
from mien.preprocess.framing import BOX_FRAMING, Framing
from mien.specs.metadata import LARGEST_SHIFT
from mien.types import Face

MEMBERS = ("facts", "score_threshold", "detect")
"""What every detector has."""


@dataclass(frozen=True, slots=True)
class DetectorFacts:
    """What ``mien models`` shows of a detector; readable without making one."""

    name: str
    """The registered name, or the name in the spec of the file it was made from."""
    summary: str
    """One line: method and paper."""
    landmarks: bool
    """Whether its faces have the five landmarks."""
    licence: str = ""
    """Licence of the weights, as an SPDX identifier; empty without weights."""
    source: str = ""
    """Where the weights come from."""
    cropped: bool = False
    """Whether its boxes are face crops already, so that no model's framing is applied."""
    needs: str = ""
    """What is missing here, such as a model file; empty if it works without options."""
    margin: float = 0.0
    """Side of MTCNN's box of a face = (1 + margin) × the longer side of this detector's box …"""
    offset: tuple[float, float] = (0.0, 0.0)
    """… and the shift of its centre, in sides of this detector's box: see ``framing_for``."""
    card: Mapping[str, Any] = field(default_factory=dict)
    """Facts of training that travel with the weights: data, recipe, limits; empty for others."""


@runtime_checkable
class Detector(Protocol):
    """Finds faces.

    A class with these three members, registered with ``@register_detector("name")``, is a detector;
    it need not inherit from this one. ``facts`` are a class attribute, so that they can be listed
    without making one; an instance may replace them, for example with those of its model file.
    ``detect`` may be called by several threads at once.
    """

    @property
    def facts(self) -> DetectorFacts:
        """Name, method, licence and training facts."""
        ...

    @property
    def score_threshold(self) -> float:
        """Score from which ``detect`` returns a box by default, in [0, 1]; 0 without a limit."""
        ...

    def detect(self, image: NDArray[np.uint8], score_threshold: float | None = None) -> list[Face]:
        """The faces in ``image``, (H, W, 3) uint8 RGB, best score first; empty without a face.

        ``score_threshold`` replaces the detector's own for this call: a lower one gives more boxes.
        Boxes and landmarks are in pixels of ``image``. Raises ``InputError`` for an array of
        another shape or type.
        """
        ...


@runtime_checkable
class ShrinkingDetector(Detector, Protocol):
    """A detector that shrinks large pictures before it searches them.

    It also takes a picture that is small already, because a JPEG is decoded faster so.
    """

    def working_scale(self, height: int, width: int) -> float:
        """The largest scale, in (0, 1], at which a picture of this size is searched."""
        ...

    def detect_shrunk(self, image: NDArray[np.uint8], height: int, width: int) -> list[Face]:
        """The faces in a picture of this size, given as the smaller ``image``, (h, w, 3) RGB uint8.

        Boxes and landmarks are in pixels of the whole picture, and so is the smallest face.
        """
        ...


def framing_for(facts: DetectorFacts, framing: Framing) -> Framing:
    """A classifier's ``framing``, which is relative to MTCNN's box, relative to a detector's own.

    So another detector's box of the same face gives the same crop. A detector whose boxes are face
    crops has its own framing.
    """
    if facts.cropped:
        return BOX_FRAMING
    side = 1 + facts.margin
    x, y = (own + side * shift for own, shift in zip(facts.offset, framing["offset"], strict=True))
    margin = min(side * (1 + framing["margin"]) - 1, LARGEST_SHIFT)
    return Framing(margin=margin, offset=(x, y), align=framing["align"])


def check_detector(detector: Any, name: str) -> Detector:
    """``detector`` itself if it has every member of ``Detector``.

    Raises ``ConfigError``, which calls it ``name`` and says what is missing.
    """
    lacks = [member for member in MEMBERS if not hasattr(detector, member)]
    if not lacks and not isinstance(detector.facts, DetectorFacts):
        lacks.append("facts that are a DetectorFacts")
    if not lacks and not takes(detector.detect, "score_threshold"):
        lacks.append("the parameter score_threshold of detect")
    if lacks:
        raise ConfigError(
            f"detector {name!r} lacks {', '.join(lacks)}: a detector has {', '.join(MEMBERS)} "
            "(see mien.detectors.base.Detector)"
        )
    checked: Detector = detector
    return checked


def check_image(image: Any) -> NDArray[np.uint8]:
    """``image`` itself; ``InputError`` if it is not an (H, W, 3) uint8 array."""
    if not isinstance(image, np.ndarray):
        raise InputError(f"a detector takes an array, (H, W, 3) uint8 RGB, got {type(image)}")
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
        got = f"{image.shape} {image.dtype}"
        raise InputError(f"a detector takes an array, (H, W, 3) uint8 RGB, got {got}")
    return image


def check_faces(name: str, faces: list[Face], picture: str) -> list[Face]:
    """``faces`` themselves; ``InputError`` if a box or score is not finite.

    The message names the detector ``name`` and the ``picture``.
    """
    for face in faces:
        if not all(map(math.isfinite, (*face.box.to_list(), face.score))):
            raise InputError(
                f"detector {name!r} returned a box or score that is not finite for {picture}: "
                f"{face}"
            )
    return faces


def check_score(name: str, value: float) -> float:
    """``value`` itself; ``ConfigError``, which names the option, if it is not from 0 to 1."""
    if not 0 <= value <= 1:
        raise ConfigError(f"{name} must be from 0 to 1, got {value}")
    return value


def check_length(name: str, value: float, least: float = 0) -> float:
    """``value`` itself; ``ConfigError`` if it is not finite or below ``least`` pixels."""
    if not least <= value < float("inf"):
        raise ConfigError(f"{name} must be {least} pixels or more, got {value}")
    return value
