"""``BaseConfig``: the keys that the recipes of classifiers and of face detectors share.

A recipe is a TOML file over the fields of ``ClassifierConfig`` or ``DetectorConfig``, which extend
it (``mien.train.recipe`` reads it). An unknown key is refused with the nearest known one, a value
of the wrong type or range with what was expected. The resolved recipe is saved with the run and
inside the exported model.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

from mien.errors import ConfigError
from mien.train.ranges import (
    Count,
    CountOrNone,
    NotNegative,
    Positive,
    Seed,
    Share,
    below,
    one_of,
    out_of_range,
)
from mien.train.settings import from_plain, to_plain


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseConfig:
    """One training run of any kind. Subclasses set the defaults that differ and add their keys."""

    noun = "model"
    """What such a recipe trains, for messages. (Without a type: not a key of the recipe.)"""
    memory_keys = ""
    """Keys to lower, besides ``batch_size``, when memory runs out."""

    name: str
    """Name of the trained model."""
    description: str = ""
    """One sentence that ``mien train --list`` shows."""

    # --- data ---
    dataset: str
    """Registered name of the data set's reader; ``auto`` guesses it, and the run's ``recipe.json``
    records the one that was used."""
    dataset_options: tuple[str, ...] = ()
    """Options of that reader, each ``key=value``, such as ``classes=7`` of ``ferplus``."""
    splits: str
    """``official``, or how ``splits_from`` is divided at random into ``train`` and ``valid`` (and
    ``test``), such as ``random:90/10`` (per cent)."""
    splits_from: str = "train"
    """The split that is divided; the others stay as they are."""
    splits_seed: Seed = 0
    """Seed of that division alone, so that runs with different seeds share it."""
    train_split: str = "train"
    """The split to learn from."""
    valid_split: str | None
    """The split to validate on, never learned from; ``None`` (in TOML ""): no validation."""
    limit: CountOrNone = None
    """Only N pictures of each split, for a quick trial: drawn at random with ``seed``, each class
    by its share."""

    # --- network ---
    architecture: str
    """Name of the network."""
    backbone: str
    """Name of the network inside ``architecture`` that extracts the features."""
    weights: str | None = None
    """Initial weights: a name of published ones, which are downloaded, or a local file; ``None``
    (in TOML ""): random."""

    # --- augmentation, drawn anew for every picture and epoch ---
    flip: bool = True
    """Mirror half of the pictures."""

    # --- optimisation ---
    epochs: Count
    batch_size: Count
    """Pictures per step; the incomplete last batch of an epoch is dropped."""
    optimizer: Annotated[str, one_of("sgd", "adam", "adamw")] = "sgd"
    """``sgd`` (Nesterov), ``adam`` (Kingma and Ba 2015) or ``adamw`` (Loshchilov, Hutter 2019)."""
    lr: Positive
    """Peak learning rate."""
    momentum: NotNegative = 0.9
    """Momentum of ``sgd``."""
    weight_decay: NotNegative
    """L2 penalty, on the weights of convolutions and linear layers only."""
    schedule: str
    """``onecycle`` (Smith and Topin 2018), ``cosine`` (linear warm-up, then cosine to 0) or
    ``constant``."""
    warmup: Share
    """Share of the steps until the peak learning rate."""
    grad_clip: NotNegative
    """Gradients are scaled down to this norm; 0: never."""
    ema: Annotated[float, below(1)]
    """Decay per step of the averaged weights, which are the ones validated and exported; 0: no
    averaging. After t steps the decay is at most (1 + t) / (10 + t), so that the average does not
    lag behind a short run."""
    swa: Share = 0.0
    """Stochastic weight averaging (Izmailov et al. 2018): this share of the epochs, the last ones,
    each give their final weights to an average in which all count alike. It is what is validated
    and exported, with batch statistics computed anew from training pictures; 0: none. Needs
    ``ema = 0``."""
    swa_rate: Share = 0.1
    """With ``swa``: the learning rate falls to this share of ``lr`` and stays there, so that the
    epochs that are averaged differ."""
    sam: NotNegative = 0.0
    """Sharpness-aware minimisation (Foret et al. 2021): the gradient is taken where a step of this
    length uphill leads, 0.05 in the paper, which makes every step two; 0: none."""
    seed: Seed = 0
    """Seed of every random draw: initial weights, order, augmentation, dropout."""
    precision: str = "fp32"
    """``fp32``; ``bf16`` (autocast, for GPUs and CPUs that compute with it); or ``auto``: a new run
    tries both for about a second and takes bf16 if its steps need at most 90 % of the time. The
    run's own recipe says which, and a resumed run takes the same."""
    cuda_graphs: bool = True
    """On a GPU, run each step as a CUDA graph where the recipe's steps can be captured as one: the
    same result, up to rounding, in a fraction of the time for small networks."""

    @property
    def swa_epochs(self) -> int:
        """How many epochs ``swa`` averages."""
        return math.ceil(self.swa * self.epochs)

    def __post_init__(self) -> None:
        found = list(out_of_range(self)) or [*_conflicts(self), *self.conflicts()]
        if found:
            raise ConfigError(f"recipe {self.name!r}: " + "; ".join(found))

    def conflicts(self) -> Iterator[str]:
        """One sentence for each combination of keys that cannot work."""
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; ``from_dict`` reads it back to an equal config."""
        return to_plain(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], where: str = "recipe") -> Self:
        """Build and check a config; ``where`` names its origin in ``ConfigError`` messages."""
        return from_plain(cls, values, where)


def _conflicts(config: BaseConfig) -> Iterator[str]:
    """Shared keys that exclude each other."""
    if config.swa and config.ema:
        yield "swa and ema both average the weights: set ema to 0, or leave swa out"
    if config.sam and config.precision == "fp16":
        yield "sam steps along the gradient, which fp16 scales: set precision to bf16 or fp32"
