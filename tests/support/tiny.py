"""A training run small enough for a test: made-up faces, a network of a few thousand weights."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mien.datasets.base import DatasetFacts
from mien.datasets.samples import Sample
from mien.labels import FER2013
from mien.train.classification.config import ClassifierConfig

STUDY = """
order = ["majority", "mlp"]
[common]
splits = "random:80/20"
train_split = "train"
valid_split = "valid"
[published.majority]
accuracy = [14.0]
data = "FER2013"
source = "a coin"
[full]
[short.mlp]
batch_size = {batch_size}
epochs = 1
widths = [8]
resize = 16
input_size = 16
"""
"""Settings of a study of two classifiers."""

KEYS: dict[str, Any] = {
    "widths": [8, 8, 8, 8],
    "blocks": [1, 1, 1, 1],
    "batch_size": 32,
    "limit": 96,
    "epochs": 2,
    "lr": 0.05,
    "ema": 0.5,
}


def config(**keys: Any) -> ClassifierConfig:
    return ClassifierConfig.from_dict({"name": "tiny", **KEYS, **keys})


def options(**keys: Any) -> list[str]:
    """``KEYS`` for the command line."""
    found = {**KEYS, **keys}
    return [part for key, value in found.items() for part in ("--set", f"{key}={value}")]


class Faces:
    """Bars that pose as FER2013's pictures: the expression is the angle, ten people vote for it."""

    facts = DatasetFacts(name="bars", labels=FER2013, origin="fer2013")

    def __init__(self, count: int = 128, votes: bool = True) -> None:
        self.count, self.votes = count, votes

    def splits(self) -> tuple[str, ...]:
        return "train", "public"

    def samples(self, split: str) -> Iterator[Sample]:
        rng = np.random.default_rng(split == "public")
        y, x = np.mgrid[:48, :48] / 48
        for row in range(self.count):
            label = row % 7
            angle = label * np.pi / 7
            wave = np.sin(20 * (x * np.cos(angle) + y * np.sin(angle)) + rng.uniform(0, 6))
            image = np.clip(128 + 60 * wave + rng.normal(0, 20, (48, 48)), 0, 255)
            votes = tuple(10 * (column == label) for column in range(10)) if self.votes else None
            yield Sample(image.astype(np.uint8), label, f"row {row}", votes)

    def skipped(self, split: str) -> dict[str, list[str]]:
        return {}


class Affect(Faces):
    """Bars with a valence that can be seen and an arousal that cannot, unknown for a fifth."""

    def samples(self, split: str) -> Iterator[Sample]:
        for row, sample in enumerate(super().samples(split)):
            known = row % 5 > 0
            valence = (sample.label - 3) / 3 if known else None
            yield replace(sample, valence=valence, arousal=0.5 - row % 2 if known else None)


def write_csv(path: Path) -> Path:
    """``Faces`` as Kaggle's ``fer2013.csv``."""
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["emotion", "pixels", "Usage"])
        for split, usage in (("train", "Training"), ("public", "PublicTest")):
            for sample in Faces().samples(split):
                out.writerow([sample.label, " ".join(map(str, sample.image.ravel())), usage])
    return path
