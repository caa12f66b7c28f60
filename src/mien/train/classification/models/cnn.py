"""Plain convolutional networks: convolutions and max pooling, then fully connected layers."""

from __future__ import annotations

from torch import Tensor, nn

from mien.errors import ConfigError
from mien.registry import register_architecture
from mien.train.classification.config import ClassifierConfig
from mien.train.classification.models.base import Network, check_one_size
from mien.train.classification.models.blur_pool import max_pool
from mien.train.classification.models.layers import (
    activation,
    convolution,
    depth_probabilities,
    drop_block,
)
from mien.train.classification.models.resnet import BasicBlock


@register_architecture("cnn")
class CNN(Network):
    """Stages of 3×3 convolutions, each with max pooling; then residual blocks and hidden layers.

    The maps are flattened, which fixes the input size. With residual blocks and no hidden layer
    they are averaged instead, and any input side of at least 2 ** stages works.
    """

    def build(self, config: ClassifierConfig) -> int:
        """Make stages and hidden layers; raises ``ConfigError`` for sizes that do not fit."""
        self.pooled = bool(config.residual_blocks) and not config.hidden
        check_stages(config, len(config.widths))
        if not self.pooled:
            check_one_size(config)
        layers: list[nn.Module] = []
        inputs, side = config.channels, config.input_size
        for width, count in zip(config.widths, config.blocks, strict=True):
            for _ in range(count):
                layers += convolution(inputs, width, config)
                inputs = width
            layers += [max_pool(config.blur_pool), drop_block(config.dropblock)]
            side //= 2
        for depth in depth_probabilities(config.stochastic_depth, config.residual_blocks):
            layers.append(BasicBlock(inputs, inputs, 1, config, config.dropblock, depth))
        self.stages = nn.Sequential(*layers)
        inputs = inputs if self.pooled else inputs * side**2
        hidden: list[nn.Module] = []
        for width in config.hidden:
            hidden += [
                nn.Linear(inputs, width),
                activation(config.activation, width, flat=True),
                nn.Dropout(config.dropout),
            ]
            inputs = width
        self.hidden = nn.Sequential(*(hidden or [nn.Dropout(config.dropout)]))
        return inputs

    def features(self, x: Tensor) -> Tensor:
        """(N, C, S, S) → (N, F), the last hidden layer."""
        maps = self.stages(self.prepare(x))  # (N, W, S / 2^stages, the same)
        hidden: Tensor = self.hidden(maps.mean((2, 3)) if self.pooled else maps.flatten(1))
        return hidden


def check_stages(config: ClassifierConfig, halvings: int) -> None:
    """Raise ``ConfigError`` if the smallest input is too small for so many halvings."""
    smallest = min([config.input_size, *(side for _, side in config.size_schedule)])
    if smallest < 2**halvings:
        raise ConfigError(
            f"{halvings} halvings leave nothing of an input of {smallest} pixels: use at least "
            f"{2**halvings} pixels, or fewer widths"
        )
