"""Checks of a recipe's network before any picture is read."""

from __future__ import annotations

import torch

from mien.errors import ConfigError
from mien.registry import architectures
from mien.train.classification.config import ClassifierConfig
from mien.train.classification.models.fitted import Fitted
from mien.train.classification.spec import input_sides


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
        except (RuntimeError, ValueError, AssertionError) as error:  # the last one of timm
            reason = str(error).splitlines()[0][:200]
            raise ConfigError(
                f"the architecture {config.backbone or config.architecture} cannot learn from "
                f"batches of {config.batch_size} inputs of {side}×{side} pixels ({reason}): "
                "change input_size, batch_size or the network's shape"
            ) from None
