"""From several runs of one network to a run whose weights are their average."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mien.errors import ConfigError
from mien.train import checkpoint
from mien.train.classification.classifier import check_finite, load_classifier_run
from mien.train.classification.config import FITTED, NETWORK, ClassifierConfig
from mien.train.model_card import START, STARTED, trained_on


def average(
    runs: Sequence[str | Path], out: str | Path, shares: Sequence[float] | None = None
) -> tuple[float, ...]:
    """Write the average of the weights of ``runs`` to the new run ``out``; returns the shares.

    The runs must have the same network and labels, and should have begun from the same weights:
    the average of others is worth nothing. It is often better than each of them, at the cost of one
    (model soups, Wortsman et al. 2022a); that of a network and what fine-tuning made of it keeps
    more of what the first one knew (WiSE-FT, Wortsman et al. 2022b). Its recipe is the first run's,
    which held nothing back if the others' data were divided otherwise.

    ``shares``: one for each run, of any positive sum; without it all count alike.

    Raises ``ConfigError`` for fewer than two runs, other networks or labels, and shares that cannot
    be used; ``ModelFileError`` and ``OutputError``.
    """
    parts = _parts(len(runs), shares)
    (first, config, state), *others = loaded = [load_classifier_run(run) for run in runs]
    if config.architecture in FITTED:
        raise ConfigError(
            f"{runs[0]} is a {config.architecture}, which has no weights to average: give networks"
        )
    check_finite(first, runs[0])
    for run, (net, its_config, its_state) in zip(runs[1:], others, strict=True):
        check_finite(net, run)
        _check_alike((runs[0], config, state), (run, its_config, its_state))
        if net.state_dict().keys() != first.state_dict().keys():
            raise ConfigError(
                f"{runs[0]} and {run} have other outputs: only one of them learned valence and "
                "arousal"
            )
    named = replace(config, name=f"{config.name}_average")
    if any(_division(config) != _division(its_config) for _, its_config, _ in others):
        # What one of them held back, another has learned from.
        named = replace(named, splits="official", valid_split=None)
    checkpoint.check(Path(out), named, resume=False, resumable=False)
    hashes = [checkpoint.weights_hash(net) for net, _, _ in loaded]
    learned = [trained_on(its_config, its_state) for _, its_config, its_state in loaded]
    facts = {
        **state.get("facts", {}),
        START: {
            **state.get("facts", {}).get(START, {}),
            "trained_on": STARTED.join(dict.fromkeys(STARTED.join(learned).split(STARTED))),
        },
        "averaged": ", ".join(
            f"{part:.4g} of {digest}" for part, digest in zip(parts, hashes, strict=True)
        ),
    }
    weights = _mean([net.state_dict() for net, _, _ in loaded], parts)
    checkpoint.write_made(Path(out), named, state, weights, facts)
    return parts


def _division(config: ClassifierConfig) -> tuple[object, ...]:
    """What decides which pictures a run has learned from."""
    return config.splits, config.splits_from, config.splits_seed, config.train_split, config.dataset


def _parts(runs: int, shares: Sequence[float] | None) -> tuple[float, ...]:
    """The shares, with a sum of 1."""
    if runs < 2:
        raise ConfigError(f"{runs} run: give two or more to average")
    shares = [1.0] * runs if shares is None else shares
    if len(shares) != runs:
        raise ConfigError(f"{len(shares)} shares for {runs} runs: give one for each, in order")
    if not all(0 <= share < math.inf for share in shares) or not any(shares):
        raise ConfigError(
            f"the shares are {', '.join(map(str, shares))}: give numbers of 0 or more, not all 0"
        )
    largest = max(shares)
    total = math.fsum(share / largest for share in shares)
    return tuple(share / largest / total for share in shares)


def _check_alike(
    one: tuple[str | Path, ClassifierConfig, Mapping[str, Any]],
    other: tuple[str | Path, ClassifierConfig, Mapping[str, Any]],
) -> None:
    """Raise ``ConfigError`` unless two runs have the same network and labels."""
    (run, config, state), (its_run, its_config, its_state) = one, other
    if state["labels"] != its_state["labels"]:
        raise ConfigError(
            f"{run} has the labels {', '.join(state['labels'])}, {its_run} "
            f"{', '.join(its_state['labels'])}: only runs of the same labels can be averaged"
        )
    differ = [key for key in NETWORK if getattr(config, key) != getattr(its_config, key)]
    if differ:
        raise ConfigError(
            f"{run} and {its_run} are other networks: their {', '.join(differ)} differ; only runs "
            "of one network can be averaged"
        )


def _mean(weights: Sequence[Mapping[str, Tensor]], parts: Sequence[float]) -> dict[str, Tensor]:
    """The weighted mean by name; what is no float, such as a count of batches, is the first's."""
    mean = {}
    for name, value in weights[0].items():
        if value.is_floating_point():
            pairs = zip(weights, parts, strict=True)
            scaled = [part * each[name].double() for each, part in pairs]
            value = torch.stack(scaled).sum(0).to(value.dtype)
        mean[name] = value
    return mean
