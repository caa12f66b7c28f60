"""Measure fine-tuning against a linear probe and training from scratch; write the docs' tables.

    mien train default --data fer2013.zip --out half --set splits=random:50/50 \\
        --set valid_split=valid --set precision=bf16 --epochs 40
    python tools/measure_fine_tuning.py --data fer2013.zip --half half --masks facemask853.zip \\
        --out measured

Every figure is of a network that was trained on pictures which its start weights never saw:

- expressions: ``half`` was trained on one half of FER2013's Training, and is tuned on pictures of
  the other half;
- votes: the same pictures with the majority of their FER+ votes, which may be contempt or unknown;
- masks: faces of photos that ``default`` never saw, masked or not, divided by photo.

Each trial leaves a file in ``--out``, so the same command continues where it was stopped. When it
ends, and with ``--table`` at once, what is there is written to docs/fine_tuning.md.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
import torch

from mien.datasets.base import Dataset, DatasetFacts, SceneDataset
from mien.datasets.opening import open_dataset
from mien.datasets.samples import Sample, pixel_keys
from mien.datasets.splits import at_random, resplit
from mien.evaluation import metrics
from mien.files import write_whole
from mien.labels import FERPLUS
from mien.preprocess.crop import face_crop
from mien.runtime import processor
from mien.specs.classifier import ModelSpec
from mien.train.classification.classifier import TorchClassifier
from mien.train.recipe import load_recipe
from mien.train.trainer import train
from mien.types import Box, Face
from shown_commands import REPO

PAGE = REPO / "docs" / "fine_tuning.md"
SIZES, SEEDS = (100, 500, 2000), (0, 1, 2)
METHODS = {
    "fine_tune": "`fine_tune`",
    "balanced": "with `sampling=balanced`",
    "probe": "`probe`",
    "scratch": "from scratch",
}
"""Each with its heading."""
TASKS = {
    "expressions": "the labels that it knows: FER2013's seven, tested on PublicTest",
    "votes": "labels partly new: the majority of the FER+ votes, with contempt and unknown, "
    "tested on PublicTest",
    "masks": "labels all new: masked or not, tested on three tenths of the photos",
}
SCRATCH: dict[str, Any] = {
    "splits": "auto", "valid_split": "valid", "epochs": 40, "min_steps": 1500, "batch_size": 64,
    "min_steps_per_epoch": 8, "ema": 0.99, "ferplus_weight": 0.0,
}  # fmt: skip
"""What differs from the recipe ``default``, which is for 28,709 pictures."""
SMALLEST_FACE = 20
"""Pixels; masks on smaller faces cannot be told apart."""

Samples = Sequence[Sample]


class Drawn:
    """A data set with the split ``train`` alone."""

    def __init__(self, facts: DatasetFacts, samples: Samples) -> None:
        self.facts, self._samples = facts, samples

    def splits(self) -> tuple[str, ...]:
        """Only ``train``."""
        return ("train",)

    def samples(self, split: str) -> Iterator[Sample]:
        """The drawn pictures."""
        yield from self._samples

    def skipped(self, split: str) -> dict[str, Sequence[str]]:
        """None."""
        return {}


class Pictures:
    """The pool to draw from and the test pictures of each task, read once."""

    def __init__(self, fer2013: str, masks: str) -> None:
        self._fer2013, self._masks = fer2013, masks

    @cache  # noqa: B019 - one object, for the life of the script
    def expressions(self) -> tuple[DatasetFacts, Samples, Samples]:
        """FER2013: the half that the start weights never saw, and PublicTest without repeats."""
        whole = open_dataset(self._fer2013, "fer2013")
        assert isinstance(whole, Dataset)
        halves = resplit(whole, "random:50/50", "train", 0)
        seen = set(pixel_keys([s.image for s in whole.samples("train")]))
        test = [s for s in whole.samples("public") if pixel_keys([s.image])[0] not in seen]
        return whole.facts, list(halves.samples("valid")), test

    def votes(self) -> tuple[DatasetFacts, Samples, Samples]:
        """The same pictures, labelled by most of ten votes; ties and non-faces are left out."""
        facts, pool, test = self.expressions()
        labels = (*FERPLUS, "unknown")
        facts = replace(facts, labels=labels, name="ferplus")
        return facts, list(_by_votes(pool, len(labels))), list(_by_votes(test, len(labels)))

    @cache  # noqa: B019
    def masks(self) -> tuple[DatasetFacts, Samples, Samples]:
        """Square crops of the marked faces, photos divided 70 to 30."""
        scenes = open_dataset(self._masks, "coco")
        assert isinstance(scenes, SceneDataset)
        square = ModelSpec("square", ("neutral",), 1)
        parts: tuple[list[Sample], list[Sample]] = ([], [])
        labels = ("with_mask", "without_mask")
        for split in scenes.splits():
            every = sorted(scenes.scenes(split), key=lambda scene: scene.key)
            order = np.random.default_rng(0).permutation(len(every))
            for place, index in enumerate(order):
                scene = every[index]
                image = scene.image
                part = parts[place >= 0.7 * len(every)]
                for row, (box, marks) in enumerate(zip(scene.boxes, scene.attributes, strict=True)):
                    x1, y1, x2, y2 = map(float, box)
                    if marks["mask"] in labels and min(x2 - x1, y2 - y1) >= SMALLEST_FACE:
                        crop = face_crop(image, Face(Box(x1, y1, x2, y2), 1.0), square)
                        label = labels.index(marks["mask"])
                        part.append(Sample(crop, label, f"{scene.key}:{row}"))
        return DatasetFacts(name="masks", labels=labels), *parts


def _by_votes(samples: Samples, classes: int) -> Iterator[Sample]:
    for sample in samples:
        votes = np.array(sample.votes)
        best = np.flatnonzero(votes == votes.max())
        if len(best) == 1 and best[0] < classes:
            yield replace(sample, label=int(best[0]), target=None, votes=None)


def trial(
    task: str, method: str, size: int, seed: int, pictures: Pictures, start: str, folder: Path
) -> dict[str, Any]:
    """Train and test once; the figures are kept in ``folder`` and read from there."""
    name = f"{task}-{method}-{size}-{seed}"
    kept = folder / f"{name}.json"
    if kept.exists():
        return dict(json.loads(kept.read_text("utf-8")))
    facts, pool, test = getattr(pictures, task)()
    rows = at_random([sample.label for sample in pool], size, seed)
    values: dict[str, Any] = {"seed": seed, "precision": "bf16"}
    if method == "scratch":
        config = load_recipe("default", values={**SCRATCH, **values})
    elif method == "balanced":
        values["sampling"] = "balanced"
        config = load_recipe("fine_tune", values={"weights": start, **values})
    else:
        config = load_recipe(method, values={"weights": start, **values})
    began = time.perf_counter()
    run = folder / name
    drawn = Drawn(facts, [pool[row] for row in rows])
    train(config, drawn, run, device=torch.device("cpu"), resume=True)
    seconds = time.perf_counter() - began
    figures = {
        **tested(run, test),
        "seconds": seconds,
        "pictures": len(rows),
        "tested": len(test),
        "start": start if method != "scratch" else "",
        "hardware": processor(),
    }
    write_whole(kept, json.dumps(figures).encode())
    (run / "last.pt").unlink()  # 30 MB each
    return figures


def tested(run: Path, test: Samples) -> dict[str, float]:
    """Accuracy and balanced accuracy of a run on the test pictures."""
    classifier = TorchClassifier(run, "cpu")
    answers = classifier.logits([sample.image for sample in test]).argmax(1)
    labels = np.array([sample.label for sample in test])
    confusion = metrics.confusion_matrix(labels, answers, len(classifier.spec.labels))
    return {
        "accuracy": metrics.accuracy(confusion),
        "balanced": metrics.balanced_accuracy(confusion),
    }


def tables(folder: Path) -> str:
    """The trials that are in ``folder``, as Markdown."""
    found: dict[tuple[str, int, str], list[dict[str, Any]]] = {}
    for task in TASKS:
        for size in SIZES:
            for method in METHODS:
                for seed in SEEDS:
                    path = folder / f"{task}-{method}-{size}-{seed}.json"
                    if path.exists():
                        rows = found.setdefault((task, size, method), [])
                        rows.append(json.loads(path.read_text("utf-8")))
    text = ""
    for task, about in TASKS.items():
        own = {key: rows for key, rows in found.items() if key[0] == task}
        if not own:
            continue
        some = next(iter(own.values()))[0]
        tried = [method for method in METHODS if any(key[2] == method for key in own)]
        text += (
            f"\n{about[0].upper()}{about[1:]} ({some['tested']:,} pictures). Accuracy, and in "
            f"brackets balanced accuracy.{_untuned(folder, task)}\n\n"
            f"| pictures | {' | '.join(METHODS[m] for m in tried)} |\n|---:|{'---|' * len(tried)}\n"
        )
        for size in SIZES:
            rows = [own.get((task, size, method), []) for method in tried]
            if any(rows):
                count = next(r for r in rows if r)[0]["pictures"]
                text += f"| {count:,} | {' | '.join(map(_cell, rows))} |\n"
    machines = sorted({row["hardware"] for rows in found.values() for row in rows})
    if machines:
        text += f"\nTrained on one thread of {', '.join(machines)}, in bf16.\n"
    return text.lstrip("\n")


def _untuned(folder: Path, task: str) -> str:
    """A sentence about the start weights as they are, where they know the labels."""
    path = folder / f"{task}-untuned.json"
    if not path.exists():
        return ""
    row = json.loads(path.read_text("utf-8"))
    return f" Untuned, the start weights reach **{row['accuracy']:.1%}** ({row['balanced']:.1%})."


def _cell(rows: list[dict[str, Any]]) -> str:
    """Mean and standard deviation over the seeds."""
    if not rows:
        return ""
    accuracy, balanced = ([100 * row[key] for row in rows] for key in ("accuracy", "balanced"))
    spread = f" ± {stdev(accuracy):.1f}" if len(rows) > 1 else ""
    seeds = "" if len(rows) == len(SEEDS) else f", {len(rows)} of {len(SEEDS)} seeds"
    return f"**{mean(accuracy):.1f}%**{spread} ({mean(balanced):.1f}%){seeds}"


def write_page(folder: Path) -> None:
    """Put the tables between the marks of the page."""
    text = PAGE.read_text("utf-8")
    head, mark, rest = text.partition("<!-- measured -->\n")
    _, end, tail = rest.partition("<!-- end -->")
    PAGE.write_text(f"{head}{mark}{tables(folder)}{end}{tail}", "utf-8")


def main() -> None:
    """Run the trials, all of a seed before the next seed, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", help="FER2013 with FER+ votes")
    parser.add_argument("--half", help="a run trained on one half of Training")
    parser.add_argument("--masks", help="photos with marked masks, in COCO's form")
    parser.add_argument("--out", type=Path, required=True, help="folder of the trials")
    parser.add_argument("--table", action="store_true", help="only write the page")
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), choices=list(TASKS))
    parser.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    parser.add_argument("--sizes", nargs="+", type=int, default=list(SIZES))
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    chosen = parser.parse_args()
    if not chosen.table:
        torch.set_num_threads(1)
        chosen.out.mkdir(parents=True, exist_ok=True)
        pictures = Pictures(chosen.data, chosen.masks)
        if "expressions" in chosen.tasks:
            untuned = tested(Path(chosen.half), pictures.expressions()[2])
            write_whole(chosen.out / "expressions-untuned.json", json.dumps(untuned).encode())
        for seed in chosen.seeds:
            for task in chosen.tasks:
                start = "default" if task == "masks" else chosen.half
                for size in chosen.sizes:
                    for method in chosen.methods:
                        row = trial(task, method, size, seed, pictures, start, chosen.out)
                        print(
                            f"{task} {method} {row['pictures']} seed {seed}: {row['accuracy']:.2%}"
                            f" ({row['balanced']:.2%}) {row['seconds']:.0f} s",
                            flush=True,
                        )
    write_page(chosen.out)


if __name__ == "__main__":
    main()
