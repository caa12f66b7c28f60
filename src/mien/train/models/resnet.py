"""Residual networks for small pictures (He et al. 2016), optionally with squeeze-and-excitation."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mien.registry import register_architecture
from mien.train.config import TrainConfig
from mien.train.models.base import Network


class SqueezeExcitation(nn.Module):
    """Reweights channels by what the whole picture holds (Hu et al. 2018), reduction 8."""

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
    """Two 3×3 convolutions with a shortcut; the first may halve the resolution."""

    def __init__(self, inputs: int, outputs: int, stride: int, squeeze_excitation: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.attention = SqueezeExcitation(outputs) if squeeze_excitation else nn.Identity()
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        """(N, C_in, H, W) → (N, C_out, H/stride, W/stride)."""
        out = F.relu(self.norm1(self.conv1(x)), inplace=True)
        out = self.attention(self.norm2(self.conv2(out)))
        return F.relu(out + self.shortcut(x), inplace=True)


class ResNet(Network):
    """A 3×3 stem, stages of basic blocks, global average pooling and one linear layer.

    Each picture is first brought to zero mean and unit variance, so lighting and contrast, which
    vary more between photos than in any one data set, do not reach the network (as in Tang 2013).
    Works at any input side of 8 pixels or more.
    """

    def __init__(
        self,
        classes: int,
        channels: int = 1,
        widths: Sequence[int] = (32, 64, 128, 224),
        blocks: Sequence[int] = (2, 2, 2, 2),
        stem_stride: int = 2,
        squeeze_excitation: bool = False,
        dropout: float = 0.0,
        auxiliary_classes: int = 0,
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(channels, widths[0], 3, stem_stride, 1, bias=False),
            nn.BatchNorm2d(widths[0]),
            nn.ReLU(inplace=True),
        )
        layers: list[nn.Module] = []
        inputs = widths[0]
        for stage, (width, count) in enumerate(zip(widths, blocks, strict=True)):
            for block in range(count):
                stride = 2 if stage and not block else 1
                layers.append(BasicBlock(inputs, width, stride, squeeze_excitation))
                inputs = width
        self.stages = nn.Sequential(*layers)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(inputs, classes)
        self.auxiliary = nn.Linear(inputs, auxiliary_classes) if auxiliary_classes else None
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def features(self, x: Tensor) -> Tensor:
        """(N, C, S, S) → (N, F) pooled features."""
        x = x - x.mean((1, 2, 3), keepdim=True)
        # A flat picture stays flat instead of becoming noise.
        x = x / (x.square().mean((1, 2, 3), keepdim=True) + 1e-4).sqrt()
        pooled: Tensor = self.dropout(self.stages(self.stem(x)).mean((2, 3)))
        return pooled


@register_architecture("resnet")
def resnet(config: TrainConfig, classes: int, auxiliary_classes: int = 0) -> ResNet:
    """The network that a recipe describes."""
    return ResNet(
        classes=classes,
        channels=config.channels,
        widths=config.widths,
        blocks=config.blocks,
        stem_stride=config.stem_stride,
        squeeze_excitation=config.squeeze_excitation,
        dropout=config.dropout,
        auxiliary_classes=auxiliary_classes,
    )
