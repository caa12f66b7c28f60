"""Checks of networks before any picture is read: the recipe's own, and the teacher it names."""

from __future__ import annotations

import torch

from mien.errors import ConfigError
from mien.registry import architectures
from mien.specs.classifier import ModelSpec
from mien.train.classification.classifier import load_classifier_run
from mien.train.classification.config import ClassifierConfig
from mien.train.classification.models.base import Network
from mien.train.classification.models.fitted import Fitted
from mien.train.classification.spec import input_sides, input_spec


def check_network(config: ClassifierConfig, classes: int, processes: int) -> None:
    """Raise ``ConfigError`` for a network that cannot take the recipe's batches.

    Takes next to no time or memory: only shapes are computed.
    """
    make = architectures.get(config.architecture)
    pictures = min(config.batch_size // processes, 2)
    for side in input_sides(config):
        try:
            with torch.device("meta"):
                net = make(config, classes)
                if isinstance(net, Fitted):
                    return
                net(torch.zeros(pictures, config.channels, side, side))
        except NotImplementedError:
            return  # the network computes with values: an error will show in training
        except (RuntimeError, ValueError) as error:
            reason = str(error).splitlines()[0][:200]
            raise ConfigError(
                f"the architecture {config.backbone or config.architecture} cannot learn from "
                f"batches of {config.batch_size} inputs of {side}×{side} pixels ({reason}): "
                "change input_size, batch_size or the network's shape"
            ) from None


def load_teacher(config: ClassifierConfig, spec: ModelSpec) -> Network | None:
    """The frozen network of the recipe's ``teacher``, or ``None`` if the recipe names none.

    Raises ``ConfigError`` for a teacher of other labels or another input than ``spec``.
    """
    config.check_teacher()
    if config.teacher is None:
        return None
    teacher, its_config, state = load_classifier_run(config.teacher)
    if tuple(state["labels"]) != spec.labels:
        raise ConfigError(
            f"the teacher {config.teacher} has the labels {', '.join(state['labels'])}, the data "
            f"set {', '.join(spec.labels)}: both must have the same labels in the same order"
        )
    its_spec = input_spec(its_config, spec.labels)
    for fact in ("channels", "mean", "std"):
        if getattr(its_spec, fact) != getattr(spec, fact):
            raise ConfigError(
                f"the teacher {config.teacher} was trained with {fact} {getattr(its_spec, fact)}, "
                f"the recipe has {getattr(spec, fact)}: both must see the same input"
            )
    teacher.requires_grad_(False)
    for side in input_sides(config):
        try:
            teacher(torch.zeros(1, config.channels, side, side))
        except RuntimeError:
            size = its_spec.input_size
            raise ConfigError(
                f"the teacher {config.teacher} takes only {size}×{size} pixels, and the recipe "
                f"shows it {side}×{side}: set input_size and size_schedule to what both can see"
            ) from None
    return teacher
