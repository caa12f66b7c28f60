"""``ModelSpec``: the facts that travel inside a model file.

They are stored as one JSON object under the key ``mien`` of the ONNX file's ``metadata_props`` and
are read back through ONNX Runtime alone; nothing is ever guessed from a file name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from mien.errors import ModelSpecError

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
        problems = []
        if not self.labels or len(set(self.labels)) != len(self.labels):
            problems.append(f"labels must be distinct and not empty, got {self.labels!r}")
        if self.channels not in (1, 3):
            problems.append(f"channels must be 1 or 3, got {self.channels!r}")
        if self.input_size < 1:
            problems.append(f"input_size must be positive, got {self.input_size!r}")
        if self.resize is not None and self.resize < self.input_size:
            problems.append(f"resize {self.resize} is smaller than input_size {self.input_size}")
        if len(self.mean) != self.channels or len(self.std) != self.channels or 0 in self.std:
            problems.append(f"mean and std need {self.channels} values each, and std none of 0")
        if not self.temperature > 0:
            problems.append(f"temperature must be positive, got {self.temperature!r}")
        if not self.margin > -1:
            problems.append(f"margin must be above -1, got {self.margin!r}")
        if problems:
            raise ModelSpecError(f"invalid model spec {self.name!r}: " + "; ".join(problems))

    def to_metadata(self) -> dict[str, str]:
        """The ONNX ``metadata_props`` entry that ``from_metadata`` reads back to an equal spec."""
        return {METADATA_KEY: json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str], where: str = "model") -> ModelSpec:
        """Read a spec out of ONNX metadata; ``where`` names the file in errors.

        Raises ``ModelSpecError`` where there is none or it is not valid. Unknown keys are ignored,
        so a newer file still works.
        """
        text = metadata.get(METADATA_KEY)
        if text is None:
            raise ModelSpecError(
                f"{where} carries no Mien model spec, so its labels and input are unknown: "
                "export it with 'mien export', or add one with mien.spec.ModelSpec.to_metadata()"
            )
        try:
            raw = json.loads(text)
            known = {f.name for f in fields(cls)}
            values = {k: _tuples(v) for k, v in raw.items() if k in known}
            return cls(**values)
        except (ValueError, TypeError, AttributeError) as error:
            raise ModelSpecError(f"{where} carries a damaged model spec: {error}") from None


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
