"""``DetectorSpec``: the facts that travel inside a trained detector's ONNX file.

They are one JSON object under the key ``mien_detector`` of the file's ``metadata_props``. The graph
takes ``pixels``, (H, W, 3) uint8 RGB as ``mien.preprocess.letterbox`` makes them, and gives
``boxes``, (N, 4) float32 as x1, y1, x2, y2 in pixels of that input, and ``scores``, (N,) float32 in
[0, 1], best first, after non-maximum suppression.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mien.errors import ModelSpecError
from mien.specs.metadata import LARGEST_INPUT, as_metadata, from_json, is_number

if TYPE_CHECKING:
    pass

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

    def __post_init__(self) -> None:
        problems = [text for bad, text in self._checks() if bad]
        if problems:
            raise ModelSpecError(f"invalid detector spec {self.name!r}: " + "; ".join(problems))

    def _checks(self) -> list[tuple[bool, str]]:
        """Types too, for a spec mostly comes out of a file; later checks rest on earlier ones."""
        told = (self.name, self.architecture, self.trained_on, self.licence, self.sha256)
        sides = (self.short_side, self.long_side, self.stride)
        whole = all(type(side) is int and 1 <= side <= LARGEST_INPUT for side in sides)
        scores = isinstance(self.scores, Mapping) and all(map(is_number, self.scores.values()))
        return [
            (
                not all(isinstance(text, str) for text in told),
                "name, architecture, trained_on, licence and sha256 must be text",
            ),
            (
                not whole,
                "short_side, long_side and stride must be whole numbers up to "
                f"{LARGEST_INPUT}, got {list(sides)}",
            ),
            (
                whole and self.long_side < self.short_side,
                f"long_side {self.long_side} is smaller than short_side {self.short_side}",
            ),
            (
                not is_number(self.score_threshold) or not 0 <= self.score_threshold <= 1,
                f"score_threshold must be from 0 to 1, got {self.score_threshold!r}",
            ),
            (not scores, "scores must be finite numbers by name"),
            (not isinstance(self.card, Mapping), "card must be facts by name"),
        ]

    def to_metadata(self) -> dict[str, str]:
        """The ONNX ``metadata_props`` entry that ``from_metadata`` reads back to an equal spec."""
        return as_metadata(self, METADATA_KEY)

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str], where: str = "model") -> DetectorSpec:
        """Read a spec out of ONNX metadata; ``where`` names the file in errors.

        Raises ``ModelSpecError`` where there is none or it is not valid. Unknown keys are ignored,
        so a newer file still works.
        """
        if METADATA_KEY not in metadata:
            raise ModelSpecError(
                f"{where} carries no Mien detector spec, so its input is unknown: expected a face "
                "detector that 'mien export' has written"
            )
        return from_json(cls, metadata[METADATA_KEY], f"{where} carries a damaged detector spec")
