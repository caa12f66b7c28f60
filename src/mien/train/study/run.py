"""The study: every classifier of the classic ones on one protocol, a run folder each.

Nothing is lost by a kill: a finished run is not trained again, an unfinished one goes on after its
last whole epoch, and what the tables say is read from the runs' own files.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from mien.classifiers.onnx import OnnxClassifier
from mien.datasets.base import Dataset
from mien.datasets.splits import resplit
from mien.errors import UnknownNameError
from mien.evaluation.classification.predict import predict
from mien.evaluation.kept_answers import keep_answers, predictions_path
from mien.files import write_whole
from mien.train.classification.classifier import TorchClassifier
from mien.train.classification.config import ClassifierConfig
from mien.train.classification.measure_cost import file_cost, run_cost
from mien.train.recipe import load_classifier_recipe, read_toml
from mien.train.trainer import OnBatch, OnEpoch, train
from mien.weights import DEFAULT

SETTINGS = Path(__file__).with_name("study.toml")
SCHEDULES = ("short", "full")
REPORTED, CHOSEN_ON = "public", "valid"
"""The split that is reported, and the tenth of Training on which settings are chosen."""
SHIPPED = "shipped"
"""Name of the model that comes with Mien, among the runs."""
COST, MODEL = "cost.json", "model.onnx"
TRAINED, FAILED = "trained.json", "failed.txt"
"""The recipe of a run that is done and has answered; the last error of one that is not."""


@dataclass(frozen=True, slots=True)
class Published:
    """What somebody else reports of such a classifier."""

    accuracy: tuple[float, ...]
    """Per cent: one figure, or the ends of a range."""
    data: str
    source: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One classifier of the study."""

    recipe: str
    changes: Mapping[str, Any]
    """Keys that go before the recipe's own."""
    published: Published | None

    def config(self) -> ClassifierConfig:
        """Raises ``UnknownNameError`` and ``ConfigError``."""
        return load_classifier_recipe(self.recipe, values=self.changes)

    def command(self, data: str) -> str:
        """The ``mien train`` command that is this run; ``data`` as it is to be shown."""
        own = load_classifier_recipe(self.recipe).to_dict()
        changed = {k: v for k, v in self.config().to_dict().items() if v != own[k]}
        # JSON's spelling is TOML's for all that a recipe holds; TOML's word for nothing is "".
        sets = (f"{k}={json.dumps('' if v is None else v)}" for k, v in changed.items())
        words = [f"mien train {self.recipe} --data {data} --out runs/{self.recipe}"]
        return " ".join((*words, *(f"--set {shlex.quote(text)}" for text in sets)))


def plan(
    schedule: str = "short", only: Sequence[str] = (), from_scratch: bool = False
) -> list[Entry]:
    """What is to be trained, cheapest first.

    ``only`` names some of the classifiers, ``from_scratch`` does without weights of others.
    Raises ``UnknownNameError`` for a name that the study does not have.
    """
    settings = read_toml("study", SETTINGS)
    order: list[str] = settings["order"]
    for name in only:
        if name not in order:
            raise UnknownNameError("classifier", name, order)
    entries = []
    for recipe in order:
        if only and recipe not in only:
            continue
        changes = {**settings["common"], **settings[schedule].get(recipe, {})}
        if from_scratch and load_classifier_recipe(recipe, values=changes).weights is not None:
            changes.update(weights="", freeze_epochs=0)
        said = settings["published"].get(recipe)
        published = (
            Published(tuple(said["accuracy"]), said["data"], said["source"]) if said else None
        )
        entries.append(Entry(recipe, changes, published))
    return entries


def run_entry(
    entry: Entry,
    dataset: Dataset,
    out: Path,
    *,
    device: torch.device,
    on_batch: OnBatch | None = None,
    on_epoch: OnEpoch | None = None,
) -> None:
    """Train one classifier into ``out/runs/<recipe>``, keep its answers and measure its cost.

    Steps that are already done are skipped. Errors of training, predicting and measuring are
    written to the run's folder and raised.
    """
    folder = out / "runs" / entry.recipe
    try:
        config = entry.config()
        if not is_trained(folder, config):
            train(
                config, dataset, folder,
                device=device, resume=True, on_batch=on_batch, on_epoch=on_epoch,
            )  # fmt: skip
            classifier = TorchClassifier(folder, str(device))
            # PublicTest's copies are looked for in all of Training: in the tenth held back too.
            found = predict(classifier, dataset, REPORTED)
            keep_answers(found, predictions_path(folder, found.split))
            parts = resplit(dataset, config.splits, config.splits_from, config.splits_seed)
            found = predict(classifier, parts, CHOSEN_ON, repeats_of=None, splits=config.splits)
            keep_answers(found, predictions_path(folder, found.split))
            write_whole(folder / TRAINED, json.dumps(config.to_dict()).encode())
        if not (folder / COST).exists():
            run_cost(folder, folder / MODEL).save(folder / COST)
    except Exception as error:
        folder.mkdir(parents=True, exist_ok=True)
        text = " ".join(str(error).split()) or type(error).__name__
        write_whole(folder / FAILED, f"{text}\n".encode())
        raise
    (folder / FAILED).unlink(missing_ok=True)


def measure_shipped(dataset: Dataset, out: Path) -> None:
    """The answers and cost of the model that comes with Mien, into ``out/runs/shipped``."""
    folder = out / "runs" / SHIPPED
    if (folder / COST).exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    found = predict(OnnxClassifier(DEFAULT), dataset, REPORTED)
    keep_answers(found, predictions_path(folder, REPORTED))
    file_cost(DEFAULT).save(folder / COST)


def is_trained(folder: Path, config: ClassifierConfig) -> bool:
    """Whether the run in ``folder`` is of this recipe and has trained to its end and answered."""
    try:
        stored = json.loads((folder / TRAINED).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return bool(stored == config.to_dict())
