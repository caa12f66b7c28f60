from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

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


@pytest.fixture
def image() -> np.ndarray:
    """RGB noise of the size that ``make_result`` claims: (80, 100, 3)."""
    return np.random.default_rng(0).integers(0, 256, (80, 100, 3), np.uint8)


@pytest.fixture
def results() -> list[Result]:
    """Two faces, none, one."""
    return [
        make_result(make_reading(), make_reading("anger", 0.5, (50, 10, 90, 70))),
        make_result(source="empty.png"),
        make_result(make_reading("neutral", 0.4), source="grüße/ż \udcfc.jpg"),
    ]


@pytest.fixture
def full_device() -> Path:
    path = Path("/dev/full")
    if not path.exists():
        pytest.skip("no /dev/full on this system")
    return path
