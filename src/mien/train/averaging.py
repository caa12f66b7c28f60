"""Averages of a network's weights while it learns: exponential by step, and equal by epoch.

``AveragedWeights`` is not PyTorch's ``AveragedModel``, because that keeps its count of updates in a
tensor on the host and looks at it in every update, which a CUDA graph cannot repeat.
"""

from __future__ import annotations

from copy import deepcopy
from itertools import chain
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

Net = TypeVar("Net", bound=nn.Module)


class AveragedWeights(Generic[Net]):
    """A copy of ``net`` whose weights and batch statistics follow it: a ← a + w · (new - a).

    After t updates w is 1 - min(decay, (1 + t) / (10 + t)), as in TensorFlow's
    ``ExponentialMovingAverage``: at first the average spans about the last ninth of the updates, so
    that it does not lag behind a short run. Without ``ramp`` w is always 1 - decay, as it was in
    runs of version 0.1.0. The first update is a copy.

    With ``graph_device`` an update can be captured as a CUDA graph: w is a number on that GPU.
    """

    def __init__(self, net: Net, decay: float, graph_device: torch.device | None = None) -> None:
        self.net = deepcopy(net)
        self.decay = decay
        self.ramp = True
        self.updates = 0
        """Updates so far, t; replays of a captured update do not count, but ``begin`` does."""
        self._captured = None if graph_device is None else torch.ones((), device=graph_device)

    @property
    def weight(self) -> float:
        """W of the next update."""
        t = self.updates
        return 1 - (min(self.decay, (1 + t) / (10 + t)) if self.ramp else self.decay)

    def begin(self, updates: int) -> None:
        """Prepare the update, or its replay, that comes after so many."""
        self.updates = updates
        if self._captured is not None:
            self._captured.fill_(self.weight)

    @torch.no_grad()
    def update(self, net: Net) -> None:
        """Take in the weights of ``net``; whole numbers, which count batches, are copied."""
        averaged, new = _tensors(self.net), _tensors(net)
        floating = [i for i, tensor in enumerate(new) if tensor.is_floating_point()]
        counts = [i for i, tensor in enumerate(new) if not tensor.is_floating_point()]
        mine, its = [averaged[i] for i in floating], [new[i] for i in floating]
        if self.updates == 0:
            torch._foreach_copy_(mine, its)
        elif self._captured is None:
            torch._foreach_lerp_(mine, its, self.weight)
        else:  # of which PyTorch's lerp would ask for the value
            change = torch._foreach_sub(its, mine)
            torch._foreach_mul_(change, self._captured)
            torch._foreach_add_(mine, change)
        if counts:
            torch._foreach_copy_([averaged[i] for i in counts], [new[i] for i in counts])
        self.updates += 1


class EpochAverage(Generic[Net]):
    """The mean of the weights after each epoch from ``first`` on, which counts from 0.

    Stochastic weight averaging (SWA; Izmailov et al. 2018, arXiv:1803.05407). Before ``first`` it
    is a copy. Its batch statistics are those of the last epoch, to be computed anew.
    """

    def __init__(self, net: Net, first: int) -> None:
        self._model = AveragedModel(net)
        self.net: Net = self._model.module  # type: ignore[assignment]
        self.first = first

    def update(self, net: Net, epoch: int) -> None:
        """Take in the weights after ``epoch``."""
        self._model.n_averaged.fill_(max(0, epoch - self.first))
        self._model.update_parameters(net)

    def mixes(self, epoch: int) -> bool:
        """Whether after ``epoch`` it is the mean of several."""
        return epoch > self.first


def _tensors(net: nn.Module) -> list[Tensor]:
    return list(chain(net.parameters(), net.buffers()))
