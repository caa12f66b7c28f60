"""The input of a recipe's network: its facts, and its side in pixels in each epoch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mien.preprocess.framing import BOX_FRAMING, FRAMINGS, Framing, framing_of
from mien.specs.classifier import ModelSpec
from mien.train.classification.config import ClassifierConfig


def run_framing(config: ClassifierConfig, state: Mapping[str, Any]) -> Framing:
    """How a run's training pictures were cut around a detector's boxes.

    ``state`` is its checkpoint, which says it where faces were found in whole photos; else it is
    known of some data sets (``mien.preprocess.framing``).
    """
    facts = state.get("facts", {})
    if facts.get("framing"):
        return framing_of(facts["framing"])
    return FRAMINGS.get(facts.get("data") or config.dataset, BOX_FRAMING)


def input_spec(config: ClassifierConfig, labels: tuple[str, ...]) -> ModelSpec:
    """The facts about the input that training, validation and the exported file share."""
    return ModelSpec(
        name=config.name,
        labels=labels,
        input_size=config.input_size,
        resize=config.resize,
        channels=config.channels,
        mean=_per_channel(config.mean, config.channels),
        std=_per_channel(config.std, config.channels),
    )


def input_side(config: ClassifierConfig, epoch: int) -> int:
    """Side in pixels of the input in one epoch, counted from 0, by ``size_schedule``."""
    end = 0.0
    for share, side in config.size_schedule:
        end += share
        if epoch < round(end * config.epochs):
            return side
    return config.input_size


def input_sides(config: ClassifierConfig) -> set[int]:
    """Every side in pixels that the input has during the run."""
    return {config.input_size, *(side for _, side in config.size_schedule)}


def _per_channel(values: tuple[float, ...], channels: int) -> tuple[float, ...]:
    return values * channels if len(values) == 1 else values
