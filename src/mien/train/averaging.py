"""``AveragedWeights``: the exponential moving average of a network's weights while it learns.

PyTorch's ``AveragedModel`` keeps its count of updates in a tensor on the host and looks at it in
every update, which a CUDA graph cannot repeat.
"""

from __future__ import annotations

from copy import deepcopy
from itertools import chain
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

Net = TypeVar("Net", bound=nn.Module)


class AveragedWeights(Generic[Net]):
    """A copy of ``net`` whose weights and batch statistics follow it: a ← d · a + (1 - d) · new.

    ``updates`` counts the updates; the first one is a copy. It is a plain number, so replays of a
    captured update do not change it: set it afterwards.
    """

    def __init__(self, net: Net, decay: float) -> None:
        self.net = deepcopy(net)
        self.decay = decay
        self.updates = 0

    @torch.no_grad()
    def update(self, net: Net) -> None:
        """Take in the weights of ``net``; whole numbers, which count batches, are copied."""
        averaged, new = _tensors(self.net), _tensors(net)
        floating = [i for i, tensor in enumerate(new) if tensor.is_floating_point()]
        counts = [i for i, tensor in enumerate(new) if not tensor.is_floating_point()]
        mine, its = [averaged[i] for i in floating], [new[i] for i in floating]
        if self.updates == 0:
            torch._foreach_copy_(mine, its)
        else:
            torch._foreach_lerp_(mine, its, 1 - self.decay)
        if counts:
            torch._foreach_copy_([averaged[i] for i in counts], [new[i] for i in counts])
        self.updates += 1


def _tensors(net: nn.Module) -> list[Tensor]:
    return list(chain(net.parameters(), net.buffers()))
