"""``Step``: one step of the optimiser, which a GPU may capture as a CUDA graph."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from mien.train.averaging import AveragedWeights
from mien.train.distributed import World
from mien.train.graphed_step import StepResult
from mien.train.sharpness import uphill
from mien.train.task import Task

REDUCED = {"bf16": torch.bfloat16, "fp16": torch.float16}
"""Types that autocast computes in, by the recipe's ``precision``."""


def forward(task: Task[Any], prepared: Any, precision: str, device: torch.device) -> StepResult:
    """The loss of a prepared batch, and the measures."""
    reduced = REDUCED.get(precision)
    with torch.autocast(device.type, reduced, enabled=reduced is not None):
        return task.loss(prepared)


class Step:
    """Called with a batch: learns from it and returns the loss and the measures.

    ``ema`` follows the weights, where there is one. Launches kernels only, if the task does.
    """

    def __init__(
        self,
        task: Task[Any],
        precision: str,
        optimizer: Optimizer,
        ema: AveragedWeights[Any] | None,
        device: torch.device,
        world: World,
    ) -> None:
        self.task, self.precision, self.optimizer, self.ema = task, precision, optimizer, ema
        self.device, self.world = device, world
        self.scaler = torch.amp.GradScaler(device.type, enabled=precision == "fp16")

    def __call__(self, batch: Any) -> StepResult:
        """One optimiser step."""
        config, net = self.task.config, self.task.net
        prepared = self.task.prepare(batch)
        loss, measures = self._gradients(prepared)
        if config.sam:
            with uphill(net, config.sam):
                self._gradients(prepared)
        if config.grad_clip:
            self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(net.parameters(), config.grad_clip)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        if self.ema is not None:
            self.ema.update(net)
        return loss, measures

    def _gradients(self, prepared: Any) -> tuple[Tensor, dict[str, Tensor]]:
        """Leave the gradients of a prepared batch with the weights; its loss and measures."""
        loss, measures = forward(self.task, prepared, self.precision, self.device)
        self.optimizer.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        self.world.average_gradients(self.task.net.parameters())
        return loss.detach(), measures
