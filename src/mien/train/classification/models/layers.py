"""Layers that several networks share, each chosen by a key of the recipe."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mien.train.classification.config import ClassifierConfig


def norm_layer(kind: str, channels: int, flat: bool = False) -> nn.Module:
    """Normalisation layer of the recipe's ``norm``, over (N, C, H, W) or, if ``flat``, (N, C).

    ``batch``: Ioffe and Szegedy 2015; ``layer``: all channels of a picture together (Ba et al.
    2016); ``group``: as many groups, up to 8, as divide the channels (Wu and He 2018); ``none``:
    no normalisation.
    """
    if kind == "batch":
        return nn.BatchNorm1d(channels) if flat else nn.BatchNorm2d(channels)
    if kind == "layer":
        return nn.GroupNorm(1, channels)
    if kind == "group":
        return nn.GroupNorm(max(g for g in range(1, 9) if channels % g == 0), channels)
    return nn.Identity()


def activation(kind: str, channels: int, flat: bool = False) -> nn.Module:
    """Layer of the recipe's ``activation``, over (N, C, H, W) or, if ``flat``, (N, C)."""
    return GatedTanh(channels, flat) if kind == "gated_tanh" else nn.ReLU(inplace=True)


def convolution(
    inputs: int, outputs: int, config: ClassifierConfig, stride: int = 1
) -> list[nn.Module]:
    """A 3×3 convolution that keeps the resolution or halves it, normalisation and activation."""
    return [
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=config.norm == "none"),
        norm_layer(config.norm, outputs),
        activation(config.activation, outputs),
    ]


class GatedTanh(nn.Module):
    """tanh(a) · sigmoid(b), the unit of van den Oord et al. (2016).

    a and b come from a 1×1 convolution of its own, so that it can replace any other activation;
    together with the convolution before it, it is the published unit in two factors.
    """

    def __init__(self, channels: int, flat: bool) -> None:
        super().__init__()
        self.gates: nn.Module = (
            nn.Linear(channels, 2 * channels) if flat else nn.Conv2d(channels, 2 * channels, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, …) → the same shape, in (-1, 1)."""
        a, b = self.gates(x).chunk(2, 1)  # (N, C, …) each
        gated: Tensor = torch.tanh(a) * torch.sigmoid(b)
        return gated


class DropBlock(nn.Module):
    """Drops 3×3 squares of every map in training (Ghiasi et al. 2018).

    The paper's 7×7 squares would cover the small maps of 48-pixel faces completely. Maps smaller
    than 3×3 lose single values.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) → the same shape; in training about ``share`` of the values are 0."""
        if not self.training:
            return x
        from torchvision.ops import drop_block2d  # slow to import, and few recipes need it

        dropped: Tensor = drop_block2d(x, self.share, 3 if min(x.shape[2:]) >= 3 else 1)
        return dropped


def drop_block(share: float) -> nn.Module:
    """``DropBlock``, or the identity for a share of 0."""
    return DropBlock(share) if share else nn.Identity()


def stochastic_depth(probability: float) -> nn.Module:
    """Drops a whole branch for a picture in training, with this probability (Huang et al. 2016)."""
    if not probability:
        return nn.Identity()
    from torchvision.ops import StochasticDepth

    depth: nn.Module = StochasticDepth(probability, mode="row")
    return depth


def depth_probabilities(last: float, blocks: int) -> list[float]:
    """Drop probability of each block, rising linearly to ``last`` (Huang et al. 2016)."""
    return [last * (block + 1) / blocks for block in range(blocks)]


class Whitening(nn.Module):
    """ZCA whitening (Krizhevsky 2009, appendix A): decorrelates pixels, pictures stay readable.

    The identity until it is fitted.
    """

    mean: Tensor
    matrix: Tensor
    REGULARISER = 0.01
    """Times the mean eigenvalue, added to each: keeps directions without variance small."""

    def __init__(self, values: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(values))
        self.register_buffer("matrix", torch.eye(values))  # symmetric

    @torch.no_grad()
    def fit(self, x: Tensor) -> None:
        """Learn from (N, C, S, S) pictures, N of at least 2; changes the buffers in place."""
        flat = x.flatten(1).double()  # (N, D)
        mean = flat.mean(0)
        flat = flat - mean
        values, vectors = torch.linalg.eigh(flat.T @ flat / (len(flat) - 1))
        values = values.clamp(min=0)
        scale = (values + self.REGULARISER * values.mean() + 1e-12).rsqrt()
        self.mean.copy_(mean)
        self.matrix.copy_(vectors * scale @ vectors.T)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, S, S) → the same shape."""
        return ((x.flatten(1) - self.mean) @ self.matrix).view(x.shape)
