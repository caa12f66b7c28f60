"""``ModelSpec``: the facts that travel inside a model file.

They are stored as one JSON object under the key ``mien`` of the ONNX file's ``metadata_props`` and
are read back through ONNX Runtime alone; nothing is ever guessed from a file name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mien.errors import ModelSpecError
from mien.specs.metadata import LARGEST_INPUT, are_numbers, as_metadata, from_json, is_number

METADATA_KEY = "mien"


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """What one must know to use a classifier's weights correctly."""

    name: str
    labels: tuple[str, ...]
    """Expressions in the order of the network's logits."""
    input_size: int
    """Side of the square network input, pixels."""
    channels: int = 1
    """1 (grey) or 3 (RGB)."""
    mean: tuple[float, ...] = (0.0,)
    """Subtracted from pixels scaled to [0, 1], one value a channel."""
    std: tuple[float, ...] = (1.0,)
    """Divides after ``mean``, one value a channel."""
    resize: int | None = None
    """The crop is resized to this side, its centre cut to ``input_size``; ``None``: equal."""
    margin: float = 0.0
    """Side of the face crop = (1 + margin) × the longer side of the detector's box."""
    offset: tuple[float, float] = (0.0, 0.0)
    """Shift of the crop's centre from the box's centre, in box sides, x right and y down."""
    align: bool = False
    """Whether the crop is turned so that the eyes are level."""
    temperature: float = 1.0
    """Logits are divided by it before softmax (Guo et al. 2017)."""
    trained_on: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)
    """Measured figures by name, such as ``public_accuracy``."""
    licence: str = ""
    sha256: str = ""
    """Of the weights before export: tells two models of one name apart."""
    card: Mapping[str, Any] = field(default_factory=dict)
    """Free facts for people: data, split, seed, recipe, limits, intended use."""

    def __post_init__(self) -> None:
        problems = [text for bad, text in self._checks() if bad]
        if problems:
            raise ModelSpecError(f"invalid model spec {self.name!r}: " + "; ".join(problems))

    def _checks(self) -> list[tuple[bool, str]]:
        """Types too, for a spec mostly comes out of a file; later checks rest on earlier ones."""
        texts = all(isinstance(t, str) for t in (self.name, self.trained_on, self.licence))
        labels = isinstance(self.labels, tuple) and all(
            isinstance(label, str) and label and label.isprintable() for label in self.labels
        )
        sides = [self.input_size, self.input_size if self.resize is None else self.resize]
        whole = all(type(side) is int and 1 <= side <= LARGEST_INPUT for side in sides)
        colours = self.channels in (1, 3) and all(
            are_numbers(values, self.channels) for values in (self.mean, self.std)
        )
        scores = isinstance(self.scores, Mapping) and all(map(is_number, self.scores.values()))
        return [
            (not texts, "name, trained_on and licence must be text"),
            (not labels, f"labels must be a tuple of printable words, got {self.labels!r}"),
            (
                labels and (not self.labels or len(set(self.labels)) != len(self.labels)),
                f"labels must be distinct and not empty, got {self.labels!r}",
            ),
            (
                not whole,
                f"input_size and resize must be whole numbers up to {LARGEST_INPUT}, got {sides}",
            ),
            (
                whole and sides[1] < sides[0],
                f"resize {sides[1]} is smaller than input_size {sides[0]}",
            ),
            (self.channels not in (1, 3), f"channels must be 1 or 3, got {self.channels!r}"),
            (not colours, "mean and std need one finite number a channel"),
            (colours and 0 in self.std, "std must not be 0"),
            (
                not is_number(self.margin) or not -1 < self.margin <= 10,
                f"margin must be above -1, at most 10, got {self.margin!r}",
            ),
            (not are_numbers(self.offset, 2), f"offset must be two numbers, got {self.offset!r}"),
            (type(self.align) is not bool, f"align must be true or false, got {self.align!r}"),
            (
                not is_number(self.temperature) or self.temperature <= 0,
                f"temperature must be positive, got {self.temperature!r}",
            ),
            (not scores, "scores must be finite numbers by name"),
            (not isinstance(self.card, Mapping), "card must be facts by name"),
        ]

    def to_metadata(self) -> dict[str, str]:
        """The ONNX ``metadata_props`` entry that ``from_metadata`` reads back to an equal spec."""
        return as_metadata(self, METADATA_KEY)

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str], where: str = "model") -> ModelSpec:
        """Read a spec out of ONNX metadata; ``where`` names the file in errors.

        Raises ``ModelSpecError`` where there is none or it is not valid. Unknown keys are ignored,
        so a newer file still works.
        """
        if METADATA_KEY not in metadata:
            raise ModelSpecError(
                f"{where} carries no Mien model spec, so its labels and input are unknown: "
                "export it with 'mien export', or add one with mien.ModelSpec.to_metadata()"
            )
        return from_json(cls, metadata[METADATA_KEY], f"{where} carries a damaged model spec")
