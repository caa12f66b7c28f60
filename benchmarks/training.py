"""Mien's trainer against a plain PyTorch and torchvision loop.

    python benchmarks/training.py --data fer2013.zip

Both train the same network on the same pictures of FER2013 with the same batches, loss, optimiser
and cores, an epoch each in turns; a first epoch of each warms up and does not count. The plain loop
is that of PyTorch's tutorials: pictures in memory as Pillow images, a ``DataLoader`` with
torchvision's transforms for the same augmentation, loaded in this process and by workers (the
faster counts). It leaves out the trainer's averaged weights, clipped gradients and
checkpoint. Reading the files is not timed in either.

Last comes how long training waits for a checkpoint that it writes itself, and for one that it hands
to the thread that writes it: the best of several.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader
from torchvision import transforms

from mien.datasets.base import Dataset
from mien.datasets.opening import open_dataset
from mien.datasets.samples import Sample
from mien.registry import architectures
from mien.train.checkpoint_writer import CHECKPOINT_EVERY, CheckpointWriter
from mien.train.classification import augment
from mien.train.classification.config import ClassifierConfig
from mien.train.recipe import load_classifier_recipe, load_recipe
from mien.train.trainer import train


def networks(batch: int, pictures: int) -> list[ClassifierConfig]:
    """Networks from cheap to expensive: the larger, the less the input pipeline matters."""
    augmented: dict[str, Any] = {
        "rotation": 15.0, "scale": 0.15, "shift": 4.0, "erasing": 0.25,
        "splits": "official", "train_split": "train", "valid_split": "", "limit": pictures,
        "epochs": 1, "batch_size": batch, "patience": 0, "schedule": "constant", "warmup": 0.0,
    }  # fmt: skip
    resnet = {"architecture": "resnet", "blocks": [1, 1, 1, 1], "lr": 0.05, **augmented}
    return [
        load_recipe("mlp", values=augmented),
        ClassifierConfig.from_dict(
            {"name": "resnet 8-16-32-64", "widths": [8, 16, 32, 64], **resnet}
        ),
        ClassifierConfig.from_dict(
            {"name": "resnet 16-32-64-128", "widths": [16, 32, 64, 128], **resnet}
        ),
        load_recipe("cnn3", values=augmented),
    ]


class InMemory:
    """The first pictures of FER2013's Training, decoded once."""

    def __init__(self, data: Dataset, pictures: int) -> None:
        self.facts = data.facts
        self.held = [replace(s, pixels=s.image) for s in islice(data.samples("train"), pictures)]

    def splits(self) -> tuple[str, ...]:
        """Only the training split."""
        return ("train",)

    def samples(self, split: str) -> Iterator[Sample]:
        """The pictures in memory."""
        return iter(self.held)

    def skipped(self, split: str) -> dict[str, list[str]]:
        """Nothing."""
        return {}


def ours_pipeline(config: ClassifierConfig, data: InMemory) -> float:
    """Seconds that the trainer takes to make one batch of views and normalise it."""
    frames = torch.stack([torch.from_numpy(s.image) for s in data.held[: config.batch_size]])
    generator = torch.Generator().manual_seed(0)
    times = []
    for _ in range(30):
        began = time.perf_counter()
        x = frames[:, None].float() / 255  # (N, 1, 48, 48)
        x = augment.augment(x, config.input_size, config, generator)
        ((x - config.mean[0]) / config.std[0]).contiguous(memory_format=torch.channels_last)
        times.append(time.perf_counter() - began)
    return median(times)


class Pictures(torch.utils.data.Dataset[tuple[torch.Tensor, int]]):
    """Pillow images through torchvision's transforms, one at a time."""

    def __init__(self, config: ClassifierConfig, data: InMemory) -> None:
        self.images = [Image.fromarray(s.image) for s in data.held]
        self.labels = [s.label for s in data.held]
        reach = config.shift / config.resize
        self.transform = transforms.Compose([
            transforms.RandomHorizontalFlip(0.5 if config.flip else 0.0),
            transforms.RandomAffine(
                config.rotation,
                translate=(reach, reach),
                scale=(1 - config.scale, 1 + config.scale),
                interpolation=transforms.InterpolationMode.BILINEAR,
            ),
            transforms.CenterCrop(config.input_size),
            transforms.ToTensor(),
            transforms.Normalize(config.mean, config.std),
            *(
                [transforms.RandomErasing(config.erasing, (0.02, 0.2), (0.5, 2.0))]
                if config.erasing
                else []
            ),
        ])  # fmt: skip

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return self.transform(self.images[index]), self.labels[index]


class Plain:
    """The loop of the tutorials, one epoch a call."""

    def __init__(self, config: ClassifierConfig, data: InMemory, workers: int) -> None:
        torch.manual_seed(config.seed)
        self.net: nn.Module = architectures.get(config.architecture)(config, len(data.facts.labels))
        weights = self.net.parameters()
        self.optimizer: torch.optim.Optimizer = (
            torch.optim.Adam(weights, config.lr, weight_decay=config.weight_decay)
            if config.optimizer == "adam"
            else torch.optim.SGD(
                weights, config.lr, config.momentum, nesterov=True, weight_decay=config.weight_decay
            )
        )
        self.loss = nn.CrossEntropyLoss(label_smoothing=config.label_smoothing)
        self.loader = DataLoader(
            Pictures(config, data), config.batch_size, shuffle=True, drop_last=True,
            num_workers=workers, persistent_workers=workers > 0,
        )  # fmt: skip

    def epoch(self) -> tuple[float, float]:
        """Pictures a second, and the share of the time that went by waiting for the loader."""
        self.net.train()
        waited, pictures = 0.0, 0
        began = asked = time.perf_counter()
        for x, labels in self.loader:
            waited += time.perf_counter() - asked
            loss = self.loss(self.net(x), labels)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            pictures += len(x)
            asked = time.perf_counter()
        waited += time.perf_counter() - asked  # the wait for the end of the data counts too
        seconds = time.perf_counter() - began
        return pictures / seconds, waited / seconds


def measure(config: ClassifierConfig, data: InMemory, rounds: int, workers: list[int]) -> None:
    """Print the speed of one network in the trainer and in the plain loops."""
    loops = {n: Plain(config, data, n) for n in workers}
    mine: list[float] = []
    theirs: dict[int, list[tuple[float, float]]] = {n: [] for n in workers}

    def turn(row: dict[str, Any]) -> None:
        """After each epoch of the trainer, run one of each plain loop."""
        found = {n: loop.epoch() for n, loop in loops.items()}
        if row["epoch"] > 1:  # the first is a warm-up
            mine.append(row["images_per_second"])
            for n, result in found.items():
                theirs[n].append(result)

    with tempfile.TemporaryDirectory() as folder:
        whole = replace(config, epochs=rounds + 1)
        train(whole, data, Path(folder) / "run", device=torch.device("cpu"), on_epoch=turn)
    speed = median(mine)
    share = ours_pipeline(config, data) * speed / config.batch_size
    print(f"{config.name}, batches of {config.batch_size}")
    line("Mien", speed, share)
    for n, results in theirs.items():
        where = f"{n} workers" if n else "in the same process"
        line(f"plain loop, {where}", median(r[0] for r in results), median(r[1] for r in results))
    ratios = [a / max(results[i][0] for results in theirs.values()) for i, a in enumerate(mine)]
    print(
        f"  ratio to the faster plain loop: {median(ratios):.2f} "
        f"({min(ratios):.2f} to {max(ratios):.2f} in {len(ratios)} rounds)\n",
        flush=True,
    )


def measure_checkpoints(rounds: int) -> None:
    """Print how long training waits for the checkpoint of the largest recipe, in both ways."""
    config = load_classifier_recipe("se_resnet18")
    weights = architectures.get(config.architecture)(config, 7).state_dict()
    state = {
        part: {name: value.clone() for name, value in weights.items()}
        for part in ("model", "ema", "optimizer")  # whose momentum is as large
    }

    def waits(every: float) -> float:
        times = []
        with (
            tempfile.TemporaryDirectory() as folder,
            CheckpointWriter(Path(folder), every) as writer,
        ):
            for _ in range(rounds + 1):
                began = time.perf_counter()
                writer.add([], state)
                times.append(time.perf_counter() - began)
        return min(times)

    alone, beside = waits(0), waits(CHECKPOINT_EVERY)
    print(
        f"checkpoint of {config.name}: training waits {1e3 * alone:.0f} ms if it writes itself, "
        f"{1e3 * beside:.0f} ms if a thread does: ratio {alone / beside:.1f}"
    )


def line(what: str, speed: float, share: float) -> None:
    """One row of the report."""
    print(f"  {what:34} {speed:8,.0f} pictures/s   input pipeline {share:6.1%} of a step")


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="FER2013")
    parser.add_argument("--pictures", type=int, default=8192, help="pictures in an epoch")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch", type=int, default=128)
    args = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    torch.set_num_threads(cores)
    print(f"{cores} cores, PyTorch {torch.__version__}, {args.pictures} pictures an epoch\n")
    data = InMemory(open_dataset(args.data), args.pictures)
    for config in networks(args.batch, args.pictures):
        measure(config, data, args.rounds, [0, cores])
    measure_checkpoints(args.rounds)


if __name__ == "__main__":
    main()
