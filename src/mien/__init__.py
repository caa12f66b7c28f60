"""Mien reads facial expressions.

``mien.analyze("photo.jpg")`` finds the faces in a picture and names each one's expression;
``Recognizer`` does the same for many pictures. Names are imported on first use, so ``import mien``
takes almost no time.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mien.errors import MienError
    from mien.media.images import read_image
    from mien.pipeline import Recognizer, analyze
    from mien.registry import register_classifier, register_dataset, register_detector
    from mien.results import Results
    from mien.sinks.draw import draw
    from mien.specs.classifier import ModelSpec
    from mien.types import Box, EmotionScores, Face, Reading, Result
    from mien.version import __version__

_HOME = {
    "Box": "mien.types",
    "EmotionScores": "mien.types",
    "Face": "mien.types",
    "MienError": "mien.errors",
    "ModelSpec": "mien.specs.classifier",
    "Reading": "mien.types",
    "Recognizer": "mien.pipeline",
    "Result": "mien.types",
    "Results": "mien.results",
    "__version__": "mien.version",
    "analyze": "mien.pipeline",
    "draw": "mien.sinks.draw",
    "read_image": "mien.media.images",
    "register_classifier": "mien.registry",
    "register_dataset": "mien.registry",
    "register_detector": "mien.registry",
}

__all__ = [
    "Box",
    "EmotionScores",
    "Face",
    "MienError",
    "ModelSpec",
    "Reading",
    "Recognizer",
    "Result",
    "Results",
    "__version__",
    "analyze",
    "draw",
    "read_image",
    "register_classifier",
    "register_dataset",
    "register_detector",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'mien' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
