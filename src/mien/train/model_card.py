"""What an exported file says of its training, whichever kind of model it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from torch import nn

from mien.datasets.opening import AUTO
from mien.specs.metadata import Spec
from mien.train import checkpoint
from mien.train.config import BaseConfig

COUNTS = ("pictures", "faces")
"""Facts of a run that go into ``trained_on``, not into the card."""
START = "started_from"
"""Fact of a run: name, hash and training data of the weights that it began with."""
STARTED = "; started from weights of "
ELSEWHERE = (*COUNTS, "framing")
"""Facts that have a place of their own in the spec."""
LICENCE = "The terms of the training data apply."

S = TypeVar("S", bound=Spec)


def add_training_facts(
    spec: S,
    net: nn.Module,
    config: BaseConfig,
    state: Mapping[str, Any],
    *,
    intended_use: str,
    limits: str,
) -> S:
    """``spec`` with name, data, hash and card of the run whose checkpoint is ``state``."""
    facts = state.get("facts", {})
    return replace(
        spec,
        name=config.name,
        trained_on=trained_on(config, state),
        licence=LICENCE,
        sha256=checkpoint.weights_hash(net),
        card={
            "description": config.description,
            "made_by": "'mien train' and 'mien export'",
            "data": _data(config, facts),
            "split": config.train_split,
            "seed": config.seed,
            "epochs": f"{state['epochs_done']} of {config.epochs}",
            **{key: value for key, value in facts.items() if key not in ELSEWHERE},
            "intended_use": intended_use,
            "limits": limits,
            "recipe": config.to_dict(),
        },
    )


def trained_on(config: BaseConfig, state: Mapping[str, Any]) -> str:
    """The data of the run whose checkpoint is ``state``, and of the weights that it began with."""
    facts = state.get("facts", {})
    part = config.train_split
    if config.splits != "official":
        part += f" of {config.splits}"
    counts = ", ".join(f"{facts[key]} {key}" for key in COUNTS if key in facts)
    text = f"{_data(config, facts)}, split {part}" + (f" ({counts})" if counts else "")
    start = facts.get(START)
    before = start.get("trained_on", "").split(STARTED) if isinstance(start, Mapping) else []
    # A chain of runs over the same data names it once.
    return STARTED.join(dict.fromkeys(filter(None, [text, *before])))


def _data(config: BaseConfig, facts: Mapping[str, Any]) -> str:
    """The reader's name; of a data set that was made in Python its own."""
    return str(facts.get("data", "")) if config.dataset == AUTO else config.dataset


def add_choices(
    spec: S,
    weights: str,
    name: str | None,
    licence: str | None,
    card: Mapping[str, str] | None,
) -> S:
    """``spec`` with the values that the user of an export chose; ``None`` keeps one."""
    return replace(
        spec,
        name=name or spec.name,
        licence=licence or spec.licence,
        card={**spec.card, "weights": weights, **(card or {})},
    )
