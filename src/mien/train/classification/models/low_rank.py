"""3×3 convolutions of low rank: fewer channels in between, at a fraction of the arithmetic."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

Ranks = tuple[int, int]
"""Channels that the 3×3 convolution takes in and gives out; 0: as many as without it."""
FULL: Ranks = (0, 0)


def convolution3(
    inputs: int, outputs: int, stride: int, bias: bool, ranks: Ranks = FULL
) -> nn.Module:
    """A 3×3 convolution from ``inputs`` to ``outputs`` channels, or one of low rank.

    That is a chain of a 1×1 convolution ``reduce`` to ``ranks[0]`` channels, a 3×3 convolution
    ``spatial`` and a 1×1 convolution ``expand`` from ``ranks[1]``, without activations in between:
    Tucker-2 (Kim et al. 2016, "Compression of deep convolutional neural networks for fast and low
    power mobile applications"), or with the last two alone Zhang et al. (2015, "Accelerating very
    deep convolutional networks for classification and detection").
    """
    if ranks == FULL:
        return nn.Conv2d(inputs, outputs, 3, stride, 1, bias=bias)
    taken, given = ranks
    chain: OrderedDict[str, nn.Module] = OrderedDict()
    if taken:
        chain["reduce"] = nn.Conv2d(inputs, taken, 1, bias=False)
    chain["spatial"] = nn.Conv2d(
        taken or inputs, given or outputs, 3, stride, 1, bias=bias and not given
    )
    if given:
        chain["expand"] = nn.Conv2d(given, outputs, 1)
    return nn.Sequential(chain)
