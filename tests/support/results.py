"""Made-up results, for whatever writes them."""

from __future__ import annotations

from mien.types import Box, EmotionScores, Face, Reading, Result

LABELS = ("anger", "happiness", "neutral")


def make_reading(
    label: str = "happiness",
    prob: float = 0.8,
    box: tuple[float, float, float, float] = (10, 20, 40, 60),
    labels: tuple[str, ...] = LABELS,
) -> Reading:
    rest = (1 - prob) / (len(labels) - 1)
    probs = tuple(prob if name == label else rest for name in labels)
    return Reading(Face(Box(*box), 0.987), EmotionScores(labels, probs))


def make_result(*readings: Reading, source: str | None = "a/photo.jpg") -> Result:
    return Result(readings, width=100, height=80, source=source)
