"""``DetectorSpec``: the facts that travel inside a trained detector's ONNX file.

They are one JSON object under the key ``mien_detector`` of the file's ``metadata_props``. The graph
takes ``pixels``, (H, W, 3) uint8 RGB as ``mien.detectors.letterbox`` makes them, and gives
``boxes``, (N, 4) float32 as x1, y1, x2, y2 in pixels of that input, and ``scores``, (N,) float32 in
[0, 1], best first, after non-maximum suppression.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

METADATA_KEY = "mien_detector"


@dataclass(frozen=True, slots=True)
class DetectorSpec:
    """What one must know to use a detector's weights correctly."""

    name: str
    short_side: int
    """The picture's shorter side becomes so many pixels …"""
    long_side: int
    """… unless the longer one would exceed this."""
    stride: int = 32
    """Both sides of the input are multiples of it."""
    score_threshold: float = 0.5
    """Below it a box is no face, unless the user says otherwise."""
    architecture: str = ""
    """Such as ``faster_rcnn resnet50``."""
    trained_on: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)
    """Measured figures by name, such as ``valid_ap50``."""
    licence: str = ""
    sha256: str = ""
    """Of the weights before export."""
    card: Mapping[str, Any] = field(default_factory=dict)
    """Free facts for people: data, split, seed, recipe, limits, intended use."""
