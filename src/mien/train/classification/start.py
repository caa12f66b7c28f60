"""``Start``: trained weights that a recipe begins with, and how its network takes them over."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mien.errors import ConfigError, ModelFileError
from mien.reading import open_file
from mien.train import checkpoint
from mien.train.classification.classifier import load_classifier_run
from mien.train.classification.config import FITTED, NETWORK, ClassifierConfig
from mien.train.classification.from_onnx import load_onnx
from mien.train.classification.models.backbone import IMAGENET
from mien.train.classification.models.base import AFFECT, HEADS, TRAINED_ONLY, Network
from mien.train.model_card import trained_on
from mien.weights import DEFAULT

SHIPPED = "default"
"""Weights of this name are those of the shipped model."""


@dataclass(frozen=True, slots=True)
class Start:
    """Weights of a classifier of Mien."""

    source: str
    """As the user names them."""
    config: ClassifierConfig
    """The recipe that they were trained with."""
    labels: tuple[str, ...]
    """In the order of the last layer's rows."""
    weights: Mapping[str, Tensor]
    """By their names in the network; the auxiliary head is missing in an exported file."""
    folded: tuple[str, ...]
    """Names of the norms that an exported file has folded (``from_onnx.fit_norms``)."""
    facts: Mapping[str, str]
    """``name``, ``sha256``, ``trained_on`` and ``licence``, for the model's card."""


def is_foreign(config: ClassifierConfig) -> bool:
    """Whether ``config.weights`` are a backbone's of timm, not those of a classifier of Mien."""
    weights = config.weights
    if config.architecture != "timm" or weights is None or weights == SHIPPED:
        return False
    if weights == IMAGENET:
        return True
    if weights.lower().endswith(".onnx") or os.path.isdir(weights):  # noqa: PTH112 - never raises
        return False
    try:
        with open_file(weights) as file:
            state: Any = torch.load(file, map_location="meta", weights_only=True)
    except Exception:  # noqa: BLE001 - not a checkpoint of ours, whatever it is
        return True
    return not (isinstance(state, dict) and "epochs_done" in state)


def open_start(weights: str) -> Start:
    """The weights of ``default``, an ``.onnx`` file of ``mien export``, a run or a checkpoint.

    Raises ``ModelFileError``, ``ModelSpecError`` and ``ConfigError`` for what is none of these.
    """
    if weights == SHIPPED or weights.lower().endswith(".onnx"):
        net, config, spec, folded = load_onnx(DEFAULT if weights == SHIPPED else weights)
        facts = {
            "name": spec.name, "sha256": spec.sha256, "trained_on": spec.trained_on,
            "licence": spec.licence,
        }  # fmt: skip
        return Start(weights, config, spec.labels, net.state_dict(), folded, facts)
    net, config, state = load_classifier_run(weights)
    if config.architecture in FITTED:
        raise ModelFileError(
            f"{weights} is a {config.architecture}, which remembers pictures and has no weights to "
            "start from: give a trained network"
        )
    facts = {
        "name": config.name,
        "sha256": checkpoint.weights_hash(net),
        "trained_on": trained_on(config, state),
    }
    kept = state.get("best") or state["ema"]
    return Start(weights, config, tuple(state["labels"]), kept, (), facts)


def take_network(
    config: ClassifierConfig, start: ClassifierConfig, source: str
) -> ClassifierConfig:
    """``config`` with the network of the recipe ``start``, which ``source`` was trained with.

    Raises ``ConfigError`` if ``config`` says otherwise of a key than its default and ``start``.
    """
    default = ClassifierConfig(name=config.name)
    wanted = {key: getattr(start, key) for key in NETWORK}
    other = [
        f"{key} = {_shown(getattr(config, key))} (the weights: {_shown(value)})"
        for key, value in wanted.items()
        if getattr(config, key) not in (getattr(default, key), value)
    ]
    if other:
        raise ConfigError(
            f"recipe {config.name!r} takes over the network of {source}, and sets "
            f"{', '.join(other)}: leave it out, or start from other weights"
        )
    return replace(config, **wanted, network_from_weights=False)


def check_network_fits(config: ClassifierConfig, start: Start) -> None:
    """Raise ``ConfigError`` if the recipe describes another network than the weights have."""
    other = [
        f"{key} = {_shown(getattr(start.config, key))}, the recipe has "
        f"{_shown(getattr(config, key))}"
        for key in NETWORK
        if getattr(start.config, key) != getattr(config, key)
    ]
    if other:
        raise ConfigError(
            f"the weights {start.source} do not fit the recipe {config.name!r}: they have "
            f"{'; '.join(other)}; use the recipe fine_tune, which takes over the network, or add "
            "--set network_from_weights=true"
        )


def load_start(net: Network, start: Start, labels: Sequence[str]) -> str:
    """Load the weights into ``net``, whose answers are ``labels``; returns what became of the head.

    Everything but the heads must fit. Of the last layer the rows of known labels are copied.
    Raises ``ModelFileError``.
    """
    own = net.state_dict()
    body = {k: v for k, v in start.weights.items() if not k.startswith(HEADS)}
    heads = {
        k: v
        for k, v in start.weights.items()
        if k.startswith((AFFECT, *TRAINED_ONLY)) and k in own and v.shape == own[k].shape
    }
    with checkpoint.must_fit(Path(start.source)):
        unloaded = {k for k in own if not k.startswith(HEADS)} ^ body.keys()
        if unloaded:
            raise ModelFileError(
                f"{start.source} does not fit the network: {', '.join(sorted(unloaded)[:3])} "
                "differ; start from other weights"
            )
        net.load_state_dict({**body, **heads}, strict=False)
    note = _load_head(net.head, start, labels)
    if any(k.startswith(AFFECT) for k in start.weights) and not any(
        k.startswith(AFFECT) for k in own
    ):
        note += "; valence and arousal are dropped, as affect_weight is 0"
    return note


def _load_head(head: nn.Module, start: Start, labels: Sequence[str]) -> str:
    weight, bias = start.weights.get("head.weight"), start.weights.get("head.bias")
    known = [label for label in labels if label in start.labels]
    new = [label for label in labels if label not in start.labels]
    if (
        not known
        or weight is None
        or bias is None
        or not isinstance(head, nn.Linear)
        or weight.shape != (len(start.labels), head.in_features)
    ):
        return "the last layer is new: it starts at random"
    with torch.no_grad():
        for row, label in enumerate(labels):
            if label in start.labels:
                source = start.labels.index(label)
                head.weight[row] = weight[source].to(head.weight)
                head.bias[row] = bias[source].to(head.bias)
    if new:
        return (
            f"the last layer keeps its answers for {', '.join(known)}, and starts at random for "
            f"{', '.join(new)}"
        )
    if tuple(labels) == start.labels:
        return "the last layer is kept: the labels are the same"
    return f"the last layer is kept for {', '.join(known)}, in this order"


def _shown(value: Any) -> str:
    return str(list(value)) if isinstance(value, tuple) else repr(value)
