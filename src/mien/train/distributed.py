"""Several processes on one run, as PyTorch's own launcher starts them.

    torchrun --nproc-per-node 4 -m mien train se_resnet18 --data … --out …

Each process takes its share of every batch, and all of them average their gradients. So the run
equals that of one process with the whole batch, except for batch normalisation, which sees one
share only. The first process validates and writes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, distributed, nn


@dataclass(frozen=True, slots=True)
class World:
    """The rank of this process, and the number of processes; rank 0 of 1 without a launcher."""

    rank: int = 0
    size: int = 1

    @property
    def is_main(self) -> bool:
        """Whether this process prints, validates and writes."""
        return self.rank == 0

    def share(self, rows: Tensor) -> Tensor:
        """The part of a batch's rows that this process learns from."""
        return rows[self.rank :: self.size]

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace every process's gradients by their mean over all processes."""
        if self.size == 1:
            return
        # Unused parameters get zero gradients, so that every process reduces the same list.
        learning = [p for p in parameters if p.requires_grad]
        for p in learning:
            p.grad = torch.zeros_like(p) if p.grad is None else p.grad
        grads = [p.grad for p in learning if p.grad is not None]
        flat = torch.cat([g.reshape(-1) for g in grads])
        distributed.all_reduce(flat)
        flat /= self.size
        for grad, part in zip(grads, torch.split(flat, [g.numel() for g in grads]), strict=True):
            grad.copy_(part.view_as(grad))

    def from_main(self, *tensors: Tensor) -> None:
        """Overwrite every process's tensors with those of the first process."""
        if self.size > 1:
            for tensor in tensors:
                distributed.broadcast(tensor, 0)

    def agree(self, value: Any) -> Any:
        """The first process's ``value``, a plain object, in every process."""
        if self.size == 1:
            return value
        box = [value]
        distributed.broadcast_object_list(box, 0)
        return box[0]


def world(device: torch.device) -> World:
    """Join the processes that ``torchrun`` started, on the first call."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return World()
    if not distributed.is_initialized():
        distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    return World(distributed.get_rank(), size)


def rank() -> int:
    """The rank of this process, known before the processes join; 0 without a launcher."""
    return int(os.environ.get("RANK", "0"))


def leave() -> None:
    """Leave the group of processes, if this process has joined it."""
    if distributed.is_available() and distributed.is_initialized():
        distributed.destroy_process_group()


def local_rank() -> int:
    """The rank among the processes of this machine: the index of this process's GPU."""
    return int(os.environ.get("LOCAL_RANK", "0"))
