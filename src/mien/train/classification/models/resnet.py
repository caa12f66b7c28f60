"""Residual networks for small pictures (He et al. 2016), optionally with squeeze-and-excitation."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mien.registry import register_architecture
from mien.train.classification.config import ClassifierConfig
from mien.train.classification.models.base import Network
from mien.train.classification.models.blur_pool import BlurPool
from mien.train.classification.models.layers import (
    activation,
    convolution,
    depth_probabilities,
    drop_block,
    norm_layer,
    stochastic_depth,
)
from mien.train.classification.models.low_rank import FULL, Ranks, convolution3


class SqueezeExcitation(nn.Module):
    """Reweights channels by their mean over the picture (Hu et al. 2018), reduction 8."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = max(1, channels // 8)
        self.squeeze = nn.Conv2d(channels, hidden, 1)
        self.excite = nn.Conv2d(hidden, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) → the same shape."""
        weights = x.mean((2, 3), keepdim=True)  # (N, C, 1, 1)
        return x * torch.sigmoid(self.excite(F.relu(self.squeeze(weights))))


class BasicBlock(nn.Module):
    """Two 3×3 convolutions with a shortcut; the first may halve the resolution.

    With ``blur_pool`` a filter does, between the two and before the shortcut's convolution.
    ``dropblock`` is the share of the output, ``depth`` the probability of the whole branch beside
    the shortcut, that training drops. ``ranks`` are those of the two convolutions.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        stride: int,
        config: ClassifierConfig,
        dropblock: float = 0.0,
        depth: float = 0.0,
        ranks: tuple[Ranks, Ranks] = (FULL, FULL),
    ) -> None:
        super().__init__()
        norm = config.norm
        shape_changes = stride != 1 or inputs != outputs
        blurs = stride != 1 and config.blur_pool
        stride = 1 if blurs else stride
        self.blur: nn.Module = BlurPool() if blurs else nn.Identity()
        self.conv1 = convolution3(inputs, outputs, stride, norm == "none", ranks[0])
        self.norm1 = norm_layer(norm, outputs)
        self.activation1 = activation(config.activation, outputs)
        self.conv2 = convolution3(outputs, outputs, 1, norm == "none", ranks[1])
        self.norm2 = norm_layer(norm, outputs)
        self.activation2 = activation(config.activation, outputs)
        self.attention = SqueezeExcitation(outputs) if config.squeeze_excitation else nn.Identity()
        self.depth = stochastic_depth(depth)
        self.dropblock = drop_block(dropblock)
        self.shortcut: nn.Module = nn.Identity()  # last: optimisers know weights by their order
        if shape_changes:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=norm == "none"),
                norm_layer(norm, outputs),
            )

    def forward(self, x: Tensor) -> Tensor:
        """(N, C_in, H, W) → (N, C_out, H/stride, W/stride)."""
        out = self.blur(self.activation1(self.norm1(self.conv1(x))))
        out = self.depth(self.attention(self.norm2(self.conv2(out))))
        shortcut = self.shortcut(self.blur(x))
        blocked: Tensor = self.dropblock(self.activation2(out + shortcut))
        return blocked


@register_architecture("resnet")
class ResNet(Network):
    """A 3×3 stem or two, stages of basic blocks, global average pooling and one linear layer.

    Each picture is first normalised to zero mean and unit variance (as in Tang 2013), because
    lighting and contrast vary more between photos than within any data set. Takes any input side of
    8 pixels or more. DropBlock is in the last two stages, as its authors advise.
    """

    def build(self, config: ClassifierConfig) -> int:
        """Make the stem, the stages and dropout."""
        widths, blocks = config.widths, config.blocks
        stem, inputs = [], config.channels
        if config.stem_width:
            stem, inputs = convolution(inputs, config.stem_width, config), config.stem_width
        stem += convolution(inputs, widths[0], config, config.stem_stride)
        self.stem = nn.Sequential(*stem)
        layers: list[nn.Module] = []
        inputs = widths[0]
        depths = iter(depth_probabilities(config.stochastic_depth, sum(blocks)))
        ranks = iter(config.ranks or [FULL] * (2 * sum(blocks)))
        for stage, (width, count) in enumerate(zip(widths, blocks, strict=True)):
            dropblock = config.dropblock if stage >= len(widths) - 2 else 0.0
            for block in range(count):
                stride = 2 if stage and not block else 1
                layers.append(
                    BasicBlock(
                        inputs, width, stride, config, dropblock, next(depths),
                        (next(ranks), next(ranks)),
                    )
                )  # fmt: skip
                inputs = width
        self.stages = nn.Sequential(*layers)
        self.dropout = nn.Dropout(config.dropout)
        return inputs

    def equalise(self, x: Tensor) -> Tensor:
        """(N, C, S, S) → the same shape; each picture with zero mean and unit variance."""
        x = x - x.mean((1, 2, 3), keepdim=True)
        # A flat picture stays flat instead of becoming noise.
        return x / (x.square().mean((1, 2, 3), keepdim=True) + 1e-4).sqrt()

    def features(self, x: Tensor) -> Tensor:
        """(N, C, S, S) → (N, F) pooled features."""
        return self.pool(self.stages(self.stem(self.prepare(x))))

    def pool(self, maps: Tensor) -> Tensor:
        """(N, F, S/16, S/16) → (N, F) means, with dropout."""
        pooled: Tensor = self.dropout(maps.mean((2, 3)))
        return pooled
