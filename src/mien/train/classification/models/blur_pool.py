"""Down-sampling that filters before it leaves values out (Zhang 2019, arXiv:1904.11486)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class BlurPool(nn.Module):
    """Blurs each map with the filter (1, 2, 1) / 4 in both directions and keeps every second value.

    A convolution or maximum of stride 2 mistakes fine detail for coarse (aliasing), so its answer
    changes when the picture moves by a pixel. Here it has stride 1 and this layer follows.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) → (N, C, H/2, W/2), rounded up; border values count for those beyond."""
        # Two means of neighbours are the filter; bf16 has no fast convolution of single channels.
        x = F.avg_pool2d(x, 2, 1, padding=1, count_include_pad=False)
        return F.avg_pool2d(x, 2, 2)


def max_pool(blur: bool) -> nn.Module:
    """The maximum of each 2×2 values, (N, C, H, W) → (N, C, H/2, W/2), rounded down.

    ``blur``: the maximum of all 2×2 values, blurred.
    """
    return nn.Sequential(nn.MaxPool2d(2, stride=1), BlurPool()) if blur else nn.MaxPool2d(2)
