"""``ModelSpec``: the facts inside a classifier's ONNX file.

They are one JSON object under the key ``mien`` of the file's ``metadata_props``. ONNX Runtime alone
reads them back; nothing is guessed from a file name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mien.specs.metadata import LARGEST_INPUT, Spec, are_numbers, are_sides, is_number

METADATA_KEY = "mien"


@dataclass(frozen=True, slots=True)
class ModelSpec(Spec):
    """What you must know to use a classifier's weights correctly."""

    KEY: ClassVar[str] = METADATA_KEY
    TITLE: ClassVar[str] = "model spec"
    ABSENT: ClassVar[str] = (
        "its labels and input are unknown: export it with 'mien export', or add one with "
        "mien.ModelSpec.to_metadata()"
    )

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
    """The crop is resized to this side and its centre cut to ``input_size``; ``None``: no cut."""
    margin: float = 0.0
    """Side of the face crop = (1 + margin) × the longer side of the detector's box."""
    offset: tuple[float, float] = (0.0, 0.0)
    """Shift of the crop's centre from the box's centre, in box sides, x right and y down."""
    align: bool = False
    """Whether the crop is rotated so that the eyes are level."""
    temperature: float = 1.0
    """Logits are divided by it before softmax (Guo et al. 2017)."""

    def _checks(self) -> list[tuple[bool, str]]:
        words = isinstance(self.labels, tuple) and all(
            isinstance(label, str) and label and label.isprintable() for label in self.labels
        )
        distinct = words and 0 < len(self.labels) == len(set(self.labels))
        sides = [self.input_size, self.input_size if self.resize is None else self.resize]
        whole = are_sides(*sides)
        colours = self.channels in (1, 3) and all(
            are_numbers(values, self.channels) for values in (self.mean, self.std)
        )
        margin = is_number(self.margin) and -1 < self.margin <= 10
        temperature = is_number(self.temperature) and self.temperature > 0
        return [
            (words, f"labels must be a tuple of printable words, got {self.labels!r}"),
            (distinct or not words, f"labels must be distinct and not empty, got {self.labels!r}"),
            (
                whole,
                f"input_size and resize must be whole numbers up to {LARGEST_INPUT}, got {sides}",
            ),
            (
                not whole or sides[1] >= sides[0],
                f"resize {sides[1]} is smaller than input_size {sides[0]}",
            ),
            (self.channels in (1, 3), f"channels must be 1 or 3, got {self.channels!r}"),
            (colours, "mean and std need one finite number a channel"),
            (not colours or 0 not in self.std, "std must not be 0"),
            (margin, f"margin must be above -1, at most 10, got {self.margin!r}"),
            (are_numbers(self.offset, 2), f"offset must be two numbers, got {self.offset!r}"),
            (type(self.align) is bool, f"align must be true or false, got {self.align!r}"),
            (temperature, f"temperature must be positive, got {self.temperature!r}"),
        ]
