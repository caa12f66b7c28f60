"""From a run of ``resnet`` to one of the same network with convolutions of low rank."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mien.errors import ConfigError
from mien.train import checkpoint
from mien.train.classification.classifier import check_finite, load_classifier_run
from mien.train.classification.config import NETWORK, ClassifierConfig
from mien.train.classification.low_rank import (
    Choice,
    Moments,
    chain_macs,
    cheapest,
    divergence,
    factored,
    in_parts,
    measure_moments,
    ranks_to_try,
)
from mien.train.classification.measure_cost import network_cost
from mien.train.classification.models.base import Network
from mien.train.classification.models.low_rank import FULL, Ranks
from mien.train.classification.models.resnet import ResNet
from mien.train.classification.spec import input_spec
from mien.train.classification.views import training_views
from mien.train.recipe import load_recipe

PICTURES = 512
_OF_THE_DATA = (
    "splits", "splits_from", "splits_seed", "train_split", "valid_split", "affect_weight",
)  # fmt: skip
OnChoice = Callable[[int, int | None], None]
"""Called with (networks tried, networks to try)."""


@dataclass(frozen=True, slots=True)
class Compressed:
    """What ``compress`` wrote, and what it cost."""

    path: Path
    ranks: tuple[Ranks, ...]
    """For each 3×3 convolution of the blocks."""
    macs: tuple[int, int]
    """Multiply-adds for a picture, before and after."""
    parameters: tuple[int, int]
    """Before and after."""
    divergence: float
    """Mean KL divergence, in nats, of the answers from the original's, on pictures that chose
    nothing."""
    agreement: float
    """Share of these pictures with the same first answer."""
    options: tuple[str, ...]
    """Those with which ``mien train compressed`` uses data as the run did."""


def compress(
    run: str | Path,
    data: str | Path,
    out: str | Path,
    macs: float | None = None,
    *,
    like: str | Path | None = None,
    pictures: int = PICTURES,
    on_choice: OnChoice | None = None,
) -> Compressed:
    """Write the network of ``run`` with at most ``macs`` multiply-adds to the new run ``out``.

    ``data`` is the path of what the run was trained on. Each 3×3 convolution is tried alone at
    several ranks, on half of ``pictures`` of its training pictures, weakly augmented as the run's
    recipe says. Chosen are the ranks of the smallest sum of divergences of the answers within the
    budget; valence and arousal are not looked at. Nothing is trained: ``mien train`` with the
    recipe ``compressed`` makes up for most of what is lost.

    ``like`` instead of ``macs``: a compressed run of the same architecture, whose ranks are taken.

    Raises ``ConfigError`` for a run of another architecture than ``resnet``, of low rank already,
    or whose network cannot be made so small or is as small already, and for data of other labels or
    fewer than two pictures; ``ModelFileError``, ``DatasetError``, ``OutputError``.
    """
    if (macs is None) == (like is None):
        raise ConfigError("give --macs or --like: one of them, not both")
    net, config, state = _whole_network(run)
    checkpoint.check(Path(out), config, resume=False, resumable=False)
    known = None if like is None else _ranks_of(like, config)
    if pictures < 2:
        raise ConfigError(f"{pictures} picture: half choose and half measure, so give 2 or more")
    labels = tuple(state["labels"])
    before = _cost(net, config, labels)
    if macs is not None and macs >= before[0]:
        raise ConfigError(
            f"{run} needs {before[0]:,} multiply-adds, no more than --macs allows: give fewer"
        )
    views = training_views(data, config, labels, pictures)
    if len(views) < 2:
        raise ConfigError(f"{data} has {len(views)} training picture: 2 or more are needed")
    x, unseen = views[: len(views) // 2], views[len(views) // 2 :]
    layers = _convolutions(net)
    moments = measure_moments(net, list(layers.values()), x)
    if known is not None:
        ranks = known
    else:
        assert macs is not None
        choices = _choices(net, list(layers.values()), moments, x, on_choice)
        fixed = before[0] - sum(each[0].macs for each in choices)
        ranks = _best_ranks(choices, fixed, macs, run)
    facts = {
        **state.get("facts", {}),
        "compressed_from": checkpoint.weights_hash(net),
        "compressed_on": f"{len(x)} pictures of {config.train_split}",
    }
    small_config = replace(config, name=f"{config.name}_low_rank", ranks=ranks)
    weights = _low_rank_weights(state.get("best") or state["ema"], layers, moments, ranks)
    checkpoint.write_made(Path(out), small_config, state, weights, facts)
    small, _, _ = load_classifier_run(out)
    after = _cost(small, small_config, labels)
    answers = in_parts([net], unseen), in_parts([small], unseen)
    return Compressed(
        path=Path(out),
        ranks=ranks,
        macs=(before[0], after[0]),
        parameters=(before[1], after[1]),
        divergence=divergence(*answers),
        agreement=float((answers[0].argmax(1) == answers[1].argmax(1)).float().mean()),
        options=tuple(_options(config)),
    )


def _whole_network(run: str | Path) -> tuple[ResNet, ClassifierConfig, dict[str, Any]]:
    """The run, if it is one of ``resnet`` that has finite weights and no low ranks yet."""
    net, config, state = load_classifier_run(run)
    if not isinstance(net, ResNet):
        raise ConfigError(
            f"{run} is a {config.architecture}: only the architecture resnet can be compressed"
        )
    if config.ranks:
        raise ConfigError(f"{run} has low ranks already: give the run that it was made from")
    check_finite(net, run)
    return net, config, state


def _cost(net: Network, config: ClassifierConfig, labels: tuple[str, ...]) -> tuple[int, int]:
    """Multiply-adds and parameters."""
    cost = network_cost(net, input_spec(config, labels))
    assert cost.macs is not None and cost.parameters is not None
    return cost.macs, cost.parameters


def _low_rank_weights(
    weights: Mapping[str, Tensor],
    layers: Mapping[str, nn.Conv2d],
    moments: Sequence[Moments],
    ranks: Sequence[Ranks],
) -> dict[str, Tensor]:
    """``weights`` with the chains of ``ranks`` in the places of ``layers``."""
    made = dict(weights)
    for (name, layer), seen, pair in zip(layers.items(), moments, ranks, strict=True):
        if pair != FULL:
            del made[f"{name}.weight"]
            made.pop(f"{name}.bias", None)
            chain = factored(layer, seen, pair)
            made.update({f"{name}.{key}": value for key, value in chain.state_dict().items()})
    return made


def _options(config: ClassifierConfig) -> Iterator[str]:
    usual = load_recipe("compressed")
    assert isinstance(usual, ClassifierConfig)
    if config.dataset != usual.dataset:
        yield from ("--dataset", config.dataset)
    for option in config.dataset_options:
        yield from ("--option", option)
    for key in _OF_THE_DATA:
        value = getattr(config, key)
        if value != getattr(usual, key):
            yield from ("--set", f"{key}={'' if value is None else value}")


def _ranks_of(like: str | Path, config: ClassifierConfig) -> tuple[Ranks, ...]:
    """The ranks of a compressed run, if its network was one like that of ``config``."""
    _, other, _ = load_classifier_run(like)
    if not other.ranks:
        raise ConfigError(f"{like} has no low ranks: give a run that 'mien compress' made")
    differ = [
        key for key in NETWORK if key != "ranks" and getattr(other, key) != getattr(config, key)
    ]
    if differ:
        raise ConfigError(
            f"{like} is another network: its {', '.join(differ)} differ; give --macs instead"
        )
    return other.ranks


def _best_ranks(
    choices: Sequence[Sequence[Choice]], fixed: int, macs: float, run: str | Path
) -> tuple[Ranks, ...]:
    """The ranks within the budget of ``macs``, of which ``fixed`` are spent on other layers."""
    chosen = cheapest(choices, macs - fixed)
    if chosen is None:
        least = fixed + sum(min(choice.macs for choice in each) for each in choices)
        raise ConfigError(
            f"{run} cannot be made as cheap as {macs:,.0f} multiply-adds: {least:,.0f} are the "
            "fewest; give a larger --macs, or train a smaller network"
        )
    return tuple(choice.ranks for choice in chosen)


def _convolutions(net: ResNet) -> dict[str, nn.Conv2d]:
    """The 3×3 convolutions of the blocks by their names, in order."""
    found = {}
    for i in range(len(net.stages)):
        for name in (f"stages.{i}.conv1", f"stages.{i}.conv2"):
            layer = net.get_submodule(name)
            assert isinstance(layer, nn.Conv2d)
            found[name] = layer
    return found


@torch.no_grad()
def _choices(
    net: ResNet,
    convolutions: Sequence[nn.Conv2d],
    moments: Sequence[Moments],
    x: Tensor,
    on_choice: OnChoice | None,
) -> list[list[Choice]]:
    """For each convolution what it costs as it is, and at each of the ranks to try."""
    total = sum(len(list(ranks_to_try(layer))) for layer in convolutions)
    x, tried, found = in_parts([net.prepare, net.stem], x), 0, []
    original = in_parts([*net.stages, net.pool, net.head], x)
    for i, block in enumerate(net.stages):
        for name, layer, seen in zip(
            ("conv1", "conv2"), convolutions[2 * i :], moments[2 * i :], strict=False
        ):
            full = chain_macs(layer, seen.places, FULL)
            options = [Choice(FULL, full, 0.0)]
            for ranks in ranks_to_try(layer):
                macs = chain_macs(layer, seen.places, ranks)
                if macs < full:
                    setattr(block, name, factored(layer, seen, ranks))
                    logits = in_parts([*net.stages[i:], net.pool, net.head], x)
                    options.append(Choice(ranks, macs, divergence(original, logits)))
                tried += 1
                if on_choice:
                    on_choice(tried, total)
            setattr(block, name, layer)
            found.append(options)
        x = in_parts([block], x)
    return found
