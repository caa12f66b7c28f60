"""``precision = "auto"``: whether bf16 or fp32 trains faster here, by trying both."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn

from mien.train import checkpoint
from mien.train.config import BaseConfig
from mien.train.distributed import World
from mien.train.graphed_step import WARM_UP, GraphedStep, StepResult
from mien.train.recipe import config_of
from mien.train.step import forward
from mien.train.task import Task

AUTO = "auto"
SECONDS = 1.0
"""How long both are timed, after a first step of each."""
HOPELESS = 8.0
"""A first step this many times as long as the other's, and longer than ``SECONDS``, decides."""
ENOUGH = 0.9
"""bf16 is taken if it needs at most this share of fp32's time: for less, rounding is no bargain."""

C = TypeVar("C", bound=BaseConfig)


def kept_precision(config: C, run: Path, resume: bool) -> C:
    """``config`` with the precision that the run to ``resume`` has chosen, where it says ``auto``.

    Raises ``ModelFileError`` for a damaged checkpoint.
    """
    if config.precision != AUTO or not (resume and checkpoint.exists(run)):
        return config
    own = checkpoint.load(run / checkpoint.CHECKPOINT)["config"]
    return replace(config, precision=config_of(own, str(run)).precision)


def faster_precision(
    task: Task[Any], device: torch.device, world: World, graphed: bool
) -> tuple[str, str]:
    """``bf16`` or ``fp32``, and a sentence that says why; all processes get the same.

    Times forward and backward passes of a batch of the task, ``graphed`` as they are trained. The
    network is left as it was.
    """
    if not task.steps:
        return "fp32", "precision auto takes fp32: no gradient is computed"
    if device.type == "cuda" and not torch.cuda.is_bf16_supported():
        return "fp32", "precision auto takes fp32: this GPU does not support bf16"
    last = task.epochs - 1  # its pictures have their full size, and all weights train
    with _unchanged(task.net, device):
        task.begin_epoch(last)
        batch = next(iter(task.batches(last)))
        steps = {name: _step(task, batch, name, device, graphed) for name in ("fp32", "bf16")}
        seconds = time_alternately(steps)
    chosen: tuple[str, str] = world.agree(decide(seconds))
    return chosen


def decide(seconds: Mapping[str, float]) -> tuple[str, str]:
    """The precision to take, given the seconds of a step of ``fp32`` and ``bf16``; and why."""
    chosen = "bf16" if seconds["bf16"] <= ENOUGH * seconds["fp32"] else "fp32"
    measured = ", ".join(f"{name} {1e3 * each:.3g} ms" for name, each in seconds.items())
    return chosen, f"precision auto takes {chosen}: forward and backward pass take {measured}"


def time_alternately(
    steps: Mapping[str, Callable[[], None]], clock: Callable[[], float] = time.perf_counter
) -> dict[str, float]:
    """Seconds of each step: the best of several, taken in turns for about ``SECONDS``.

    Whatever else the machine does only adds to a time, and in turns it adds to all. The first step
    of each warms up; if one is ``HOPELESS``, these are the answer.
    """

    def timed(step: Callable[[], None]) -> float:
        began = clock()
        step()
        return clock() - began

    first = {name: timed(step) for name, step in steps.items()}
    slowest = max(first.values())
    if slowest > max(SECONDS, HOPELESS * min(first.values())):
        return first
    found: dict[str, list[float]] = {name: [] for name in steps}
    end, order = clock() + SECONDS, list(steps)
    while not found[order[0]] or clock() < end:
        for name in order:
            found[name].append(timed(steps[name]))
        order.reverse()
    return {name: min(times) for name, times in found.items()}


def _step(
    task: Task[Any], batch: Any, precision: str, device: torch.device, graphed: bool
) -> Callable[[], None]:
    """A forward and a backward pass of ``batch``; on a GPU it waits for them."""

    def learn(batch: Any) -> StepResult:
        loss, measures = forward(task, task.prepare(batch), precision, device)
        task.net.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach(), measures

    step: Callable[[Any], StepResult] = learn
    if graphed:
        step = GraphedStep(learn, task.generators)
        for _ in range(WARM_UP + 1):
            step(batch)

    def run() -> None:
        step(batch)
        if device.type == "cuda":
            torch.cuda.synchronize()

    return run


@contextmanager
def _unchanged(net: nn.Module, device: torch.device) -> Iterator[None]:
    """Restore weights, statistics and PyTorch's generators after a ``with`` block."""
    before = {name: value.clone() for name, value in net.state_dict().items()}
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        yield
    net.load_state_dict(before)
    net.zero_grad(set_to_none=True)
