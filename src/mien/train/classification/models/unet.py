"""A U-shaped encoder and decoder (Ronneberger et al. 2015) with a classification head."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mien.registry import register_architecture
from mien.train.classification.config import ClassifierConfig
from mien.train.classification.models.base import Network
from mien.train.classification.models.blur_pool import max_pool
from mien.train.classification.models.cnn import check_stages
from mien.train.classification.models.layers import convolution, drop_block


@register_architecture("unet")
class UNet(Network):
    """An encoder, and a decoder with skip connections; the averaged maps of both are the features.

    Each stage of the encoder halves the resolution and has ``config.blocks`` convolutions; each
    stage of the decoder has one. So the head sees coarse features of the whole picture (the bottom
    of the U) and fine ones that were computed with them (its end).
    """

    def build(self, config: ClassifierConfig) -> int:
        """Make encoder and decoder; raises ``ConfigError`` for sizes that do not fit."""
        check_stages(config, len(config.widths) - 1)
        widths = config.widths
        self.down, self.narrow, self.up = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        inputs = config.channels
        for width, count in zip(widths, config.blocks, strict=True):
            layers: list[nn.Module] = []
            for _ in range(count):
                layers += convolution(inputs, width, config)
                inputs = width
            self.down.append(nn.Sequential(*layers))
        self.halve = nn.ModuleList(max_pool(config.blur_pool) for _ in widths[:-1])
        for width in widths[-2::-1]:
            self.narrow.append(nn.Conv2d(inputs, width, 1))
            self.up.append(nn.Sequential(*convolution(2 * width, width, config)))
            inputs = width
        self.dropblock = drop_block(config.dropblock)
        self.dropout = nn.Dropout(config.dropout)
        return widths[-1] + widths[0]

    def features(self, x: Tensor) -> Tensor:
        """(N, C, S, S) → (N, F): the averaged maps of the bottom and the end of the U."""
        x = self.prepare(x)
        skips: list[Tensor] = []
        for stage, halve in zip(self.down, [nn.Identity(), *self.halve], strict=True):
            x = stage(halve(x))
            skips.append(x)
        bottom = x = self.dropblock(skips.pop())
        for narrow, up in zip(self.narrow, self.up, strict=True):
            skip = skips.pop()  # (N, W, H, H)
            x = F.interpolate(narrow(x), size=skip.shape[2:])
            x = up(torch.cat([skip, x], 1))
        pooled: Tensor = self.dropout(torch.cat([bottom.mean((2, 3)), x.mean((2, 3))], 1))
        return pooled
