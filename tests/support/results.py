"""Made-up results, for whatever writes them."""

from __future__ import annotations

from dataclasses import replace

from mien.types import Box, EmotionScores, Face, Reading, Result, result_columns

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


def make_frames(track_id: int | None = 5) -> list[Result]:
    """Three frames of a video at 30 a second: no face, then one that is happy, then neutral."""
    found: list[tuple[Reading, ...]] = [()]
    for label in ("happiness", "neutral"):
        reading = make_reading(label)
        found.append((replace(reading, face=replace(reading.face, track_id=track_id)),))
    columns = result_columns(LABELS, frames=True)
    return [
        Result(readings, 100, 80, "v.mp4", index, index / 30, columns=columns)
        for index, readings in enumerate(found)
    ]
