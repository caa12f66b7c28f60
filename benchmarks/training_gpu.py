"""Training steps on a GPU: one kernel at a time, and as CUDA graphs.

    python benchmarks/training_gpu.py --data fer2013.zip

For the largest recipe and for the student of three such networks (with random weights, which cost
the same): steps and pictures a second, the share of the time in which the GPU computes, and the
largest difference of the losses over the first steps from the same seeds. Two eager runs differ
too, because cuDNN may choose other kernels and some add in any order: that is the yardstick.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from inspect import signature
from pathlib import Path
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from mien.datasets.opening import open_dataset
from mien.registry import architectures
from mien.train.classification.config import ClassifierConfig
from mien.train.classification.task import ClassifierTask
from mien.train.classification.teachers import Teachers
from mien.train.distributed import World
from mien.train.gpu import fast_kernels
from mien.train.recipe import load_classifier_recipe
from mien.train.trainer import Trainer

TEACHERS = 3


class Run:
    """A trainer that is stepped by hand."""

    def __init__(self, config: ClassifierConfig, data: Any, device: torch.device, teach: bool):
        self.config = config
        self.task = ClassifierTask(config, data, device, World())
        if teach:
            self.task.objective.teachers = Teachers(list(teachers(config)), device)
        self.trainer = Trainer(self.task, Path(), device, World())
        self.trainer.start()
        self.done = 0

    def steps(self, count: int) -> torch.Tensor:
        """Do ``count`` steps; returns their losses, on the device."""
        found: list[torch.Tensor] = []
        while len(found) < count:
            epoch = self.done // self.task.steps
            torch.manual_seed(epoch)
            self.task.begin_epoch(epoch)
            for batch in self.task.batches(epoch):
                self.trainer.begin_step(self.done)
                loss, _ = self.trainer.learn(batch)
                found.append(loss.clone())
                self.done += 1
                if len(found) == count:
                    break
            else:
                continue
            self.done = (epoch + 1) * self.task.steps
        return torch.stack(found)


def teachers(config: ClassifierConfig) -> Iterator[Any]:
    """Networks of the largest recipe with random weights."""
    largest = load_classifier_recipe("se_resnet18")
    for seed in range(TEACHERS):
        torch.manual_seed(seed)
        yield architectures.get("resnet")(largest, 7).eval().requires_grad_(False)


def wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def seconds_per_step(run: Run, count: int, device: torch.device) -> float:
    """Mean time of a step, from the best of three rounds."""
    rounds = []
    for _ in range(3):
        wait(device)
        began = time.perf_counter()
        run.steps(count)
        wait(device)
        rounds.append((time.perf_counter() - began) / count)
    return min(rounds)


def busy_seconds_per_step(run: Run, count: int) -> float:
    """Time of a step in which the GPU runs kernels, by PyTorch's profiler."""
    # Without acc_events PyTorch warns of cycles, which are not used here; it is new in 2.5.
    quiet = {"acc_events": True} if "acc_events" in signature(profile).parameters else {}
    with profile(activities=[ProfilerActivity.CUDA], **quiet) as found:
        run.steps(count)
        torch.cuda.synchronize()
    return sum(event.self_device_time_total for event in found.key_averages()) / 1e6 / count


def measure(config: ClassifierConfig, data: Any, device: torch.device, args: Any) -> dict[str, Run]:
    """Print what one recipe does; returns its runs."""
    teach = config.needs_teacher
    config = replace(config, needs_teacher=False)
    taught = f", {TEACHERS} teachers" if teach else ""
    what = f"batches of {config.batch_size}, {config.input_size} px, {config.precision}"
    print(f"{config.name}, {what}{taught}", flush=True)
    eager = replace(config, cuda_graphs=False)
    runs: dict[str, Run] = {}
    losses, seconds = {}, {}
    for name, its in {"eager": eager, "eager again": eager, "graphed": config}.items():
        began = time.perf_counter()
        run = runs[name] = Run(its, data, device, teach)
        losses[name] = run.steps(args.losses).double().cpu()
        first = time.perf_counter() - began
        each = seconds[name] = seconds_per_step(run, args.steps, device)
        print(
            f"  {name:12} {1 / each:7.1f} steps/s {config.batch_size / each:9,.0f} pictures/s "
            f"{1e3 * each:7.2f} ms a step; the first {args.losses} steps took {first:.1f} s",
            flush=True,
        )
    print(f"  graphed / eager: {seconds['eager'] / seconds['graphed']:.2f} times as fast")
    for name in ("eager again", "graphed"):
        apart = (losses[name] - losses["eager"]).abs()
        print(
            f"  losses of {name} and eager: at most {float(apart.max()):.5f} apart, the first "
            f"{float(apart[0]):.7f}; means {float(losses[name].mean()):.4f} and "
            f"{float(losses['eager'].mean()):.4f}",
            flush=True,
        )
    return runs


def print_busy(name: str, run: Run, device: torch.device) -> None:
    """Print the share of the time in which the GPU computes."""
    busy, each = busy_seconds_per_step(run, 20), seconds_per_step(run, 20, device)
    print(
        f"{run.config.name}, {name}: the GPU computes {busy / each:.0%} of the time "
        f"({1e3 * busy:.2f} ms a step)",
        flush=True,
    )


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="FER2013")
    parser.add_argument("--dataset", default="fer2013", help="reader of the data")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--steps", type=int, default=100, help="timed steps, three times")
    parser.add_argument("--losses", type=int, default=50, help="compared steps")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--limit", type=int, default=None, help="pictures")
    args = parser.parse_args()
    device = torch.device(args.device)
    name = torch.cuda.get_device_name() if device.type == "cuda" else "CPU"
    print(f"{name}, PyTorch {torch.__version__}", flush=True)
    data = open_dataset(args.data, args.dataset)
    measured: list[dict[str, Run]] = []
    with fast_kernels(device, few_shapes=True):
        for recipe in ("se_resnet18", "default_distilled"):
            values = {"batch_size": args.batch, "limit": args.limit, "valid_split": None}
            if device.type == "cpu":
                values["precision"] = "fp32"
            config = load_classifier_recipe(recipe, values=values)
            measured.append(measure(config, data, device, args))
        if device.type == "cuda":  # last, because a profiler does not work everywhere
            for runs in measured:
                for name in ("eager", "graphed"):
                    print_busy(name, runs[name], device)


if __name__ == "__main__":
    main()
