"""``ModelSpec``: the facts inside a classifier's ONNX file.

They are one JSON object under the key ``mien`` of the file's ``metadata_props``. ONNX Runtime alone
reads them back; nothing is guessed from a file name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mien.errors import brief
from mien.parsing import are_numbers, is_number, is_text, is_whole
from mien.specs.metadata import LARGEST_INPUT, LARGEST_SHIFT, Spec, are_sides

METADATA_KEY = "mien"
MOST_LABELS = 1000
LARGEST_MEAN, STDS = 1e4, (1e-6, 1e6)
"""Limits of ``mean`` and of the size of ``std``: some networks want pixels from 0 to 65,535."""
TEMPERATURES = (0.01, 100.0)
"""Smallest and largest; ``mien export`` fits values from 0.05 to 20."""


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
    """Side of the face crop = (1 + margin) × the longer side of MTCNN's box; the boxes of other
    detectors are converted (``mien.detectors.base.framing_for``)."""
    offset: tuple[float, float] = (0.0, 0.0)
    """Shift of the crop's centre from the box's centre, in box sides, x right and y down."""
    align: bool = False
    """Whether the crop is rotated so that the eyes are level."""
    temperature: float = 1.0
    """Logits are divided by it before softmax (Guo et al. 2017)."""
    affect: bool = False
    """Whether a second output, ``affect``, gives valence and arousal, (N, 2) in [-1, 1]."""

    def _checks(self) -> list[tuple[bool, str]]:
        words = isinstance(self.labels, tuple) and all(
            is_text(label, 200) and label.isprintable() and label for label in self.labels
        )
        distinct = words and 0 < len(self.labels) == len(set(self.labels)) <= MOST_LABELS
        sides = [self.input_size, self.input_size if self.resize is None else self.resize]
        whole = are_sides(*sides)
        grey_or_rgb = is_whole(self.channels) and self.channels in (1, 3)
        mean = grey_or_rgb and are_numbers(self.mean, self.channels, -LARGEST_MEAN, LARGEST_MEAN)
        std = grey_or_rgb and are_numbers(self.std, self.channels, -STDS[1], STDS[1])
        std = std and all(abs(value) >= STDS[0] for value in self.std)
        margin = is_number(self.margin, -1, LARGEST_SHIFT) and self.margin > -1
        offset = are_numbers(self.offset, 2, -LARGEST_SHIFT, LARGEST_SHIFT)
        low, high = TEMPERATURES
        return [
            (words, f"labels must be a tuple of printable words, got {brief(self.labels)}"),
            (
                distinct or not words,
                f"labels must be distinct, and 1 to {MOST_LABELS}, got {brief(self.labels)}",
            ),
            (
                whole,
                f"input_size and resize must be whole numbers up to {LARGEST_INPUT}, "
                f"got {brief(sides)}",
            ),
            (
                not whole or sides[1] >= sides[0],
                f"resize {brief(sides[1])} is smaller than input_size {brief(sides[0])}",
            ),
            (grey_or_rgb, f"channels must be 1 or 3, got {brief(self.channels)}"),
            (
                mean or not grey_or_rgb,
                f"mean must be one number a channel, from -{LARGEST_MEAN:g} to {LARGEST_MEAN:g}, "
                f"got {brief(self.mean)}",
            ),
            (
                std or not grey_or_rgb,
                f"std must be one number a channel, of a size from {STDS[0]:g} to {STDS[1]:g}, "
                f"got {brief(self.std)}",
            ),
            (
                margin,
                f"margin must be above -1, at most {LARGEST_SHIFT}, got {brief(self.margin)}",
            ),
            (
                offset,
                f"offset must be two numbers from -{LARGEST_SHIFT} to {LARGEST_SHIFT}, "
                f"got {brief(self.offset)}",
            ),
            (type(self.align) is bool, f"align must be true or false, got {brief(self.align)}"),
            (type(self.affect) is bool, f"affect must be true or false, got {brief(self.affect)}"),
            (
                is_number(self.temperature, low, high),
                f"temperature must be from {low} to {high:g}, got {brief(self.temperature)}",
            ),
        ]
