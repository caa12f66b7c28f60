"""The study: a fixed list of classifiers on one protocol, a run's folder for each.

Nothing is lost by a kill: a finished run is not trained again, an unfinished one continues after
its last whole epoch, and the tables are made from the runs' own files.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from mien.classifiers.onnx import OnnxClassifier
from mien.datasets.base import Dataset
from mien.datasets.fingerprint import split_fingerprint
from mien.datasets.opening import open_dataset
from mien.datasets.splits import resplit
from mien.errors import ConfigError, InputError, one_line
from mien.evaluation.classification.predict import predict
from mien.evaluation.classification.predictions import Predictions
from mien.evaluation.kept_answers import keep_answers, predictions_path
from mien.files import lock_folder, make_folder, write_whole
from mien.parsing import parse_json
from mien.reading import read_file
from mien.train import checkpoint
from mien.train.classification.classifier import TorchClassifier
from mien.train.classification.config import ClassifierConfig
from mien.train.classification.measure_cost import file_cost, run_cost
from mien.train.session import pick_device, with_reader
from mien.train.study.plan import (
    CHOSEN_ON,
    COST,
    DATA,
    FAILED,
    MODEL,
    REPORTED,
    SHIPPED,
    TRAINED,
    Entry,
    plan,
)
from mien.train.study.report import Row, collect, write
from mien.train.trainer import OnBatch, OnEpoch, train
from mien.weights import DEFAULT


class Watcher:
    """What ``run_study`` reports while it works; each method may be overridden."""

    def opened(self, dataset: Dataset) -> None:
        """The data set was opened."""

    def begins(self, number: int, count: int, entry: Entry) -> None:
        """Classifier ``number`` of ``count`` begins."""

    def epochs(
        self, config: ClassifierConfig
    ) -> AbstractContextManager[tuple[OnBatch | None, OnEpoch | None]]:
        """A context for the training of one classifier, with its callbacks."""
        return nullcontext((None, None))

    def failed(self, entry: Entry, reason: str) -> None:
        """A classifier has failed; the others continue."""


@dataclass(frozen=True, slots=True)
class StudyResult:
    """The state of the study's folder after ``run_study``."""

    rows: list[Row]
    """As in study.json: of every classifier that was ever begun there."""
    failed: list[str]
    """Recipes that failed this time."""


def run_study(
    data: str | Path,
    out: Path,
    *,
    schedule: str = "short",
    only: Sequence[str] = (),
    from_scratch: bool = False,
    device: torch.device | None = None,
    watcher: Watcher | None = None,
    options: Sequence[str] = (),
) -> StudyResult:
    """Train, measure and report the study's classifiers on FER2013 at ``data``.

    Each gets a run's folder in ``out/runs``; steps that are already done are skipped. Writes
    ``study.json``, ``study.md`` and ``study.png`` into ``out`` after every classifier. One that
    fails is reported and does not stop the others. ``only`` and ``from_scratch``: see ``plan``;
    ``options`` are the reader's, such as ``detect=yes``.

    Raises ``UnknownNameError``, ``DatasetError``, ``OutputError``, and ``ConfigError`` if ``out``
    has a study of other data, or another process works in it.
    """
    entries = plan(schedule, only, from_scratch)
    dataset = open_dataset(data, options=options, wants="crops")
    device, watcher = device or pick_device(), watcher or Watcher()
    watcher.opened(dataset)
    make_folder(out / "runs")
    everything, name = plan(schedule, (), from_scratch), shlex.quote(Path(data).name)
    command = f"mien study --data {name} --out {shlex.quote(out.name)} --schedule {schedule}"
    command += " --from-scratch" * from_scratch
    command += "".join(f" --option {shlex.quote(option)}" for option in options)
    result = StudyResult([], [])
    with lock_folder(out, "running a study in"):
        check_same_data(dataset, out)
        measure_shipped(dataset, out)
        for number, entry in enumerate(entries, start=1):
            watcher.begins(number, len(entries), entry)
            try:
                with watcher.epochs(entry.config()) as (on_batch, on_epoch):
                    run_entry(
                        entry, dataset, out,
                        device=device, on_batch=on_batch, on_epoch=on_epoch, options=options,
                    )  # fmt: skip
            except Exception as error:  # noqa: BLE001 - hours of the others must not be lost
                result.failed.append(entry.recipe)
                watcher.failed(entry, one_line(error))
            result.rows[:] = collect(everything, out, name)
            write(result.rows, out, command, schedule)
    return result


def check_same_data(dataset: Dataset, out: Path) -> None:
    """Raise ``ConfigError`` if the study in ``out`` is of other data; note the data of a new one.

    A study of version 0.1.0 has no such note: there the answers of its runs say what the reported
    split was.
    """
    own = {split: split_fingerprint(dataset, split) for split in ("train", REPORTED)}
    try:
        known = parse_json(read_file(out / DATA))
    except (OSError, ValueError):
        known = {}
        for path in sorted(out.glob(f"runs/*/predictions/{REPORTED}.npz")):
            with suppress(InputError):
                known = {REPORTED: Predictions.load(path).fingerprint}
    for split, fingerprint in own.items():
        if isinstance(known, dict) and known.get(split, fingerprint) != fingerprint:
            raise ConfigError(
                f"{out} holds a study of other data: the fingerprint of its split {split!r} is "
                f"{known[split]}, of this one {fingerprint}; continue with the same data, or "
                "choose another --out"
            )
    write_whole(out / DATA, json.dumps(own).encode())


def run_entry(
    entry: Entry,
    dataset: Dataset,
    out: Path,
    *,
    device: torch.device,
    on_batch: OnBatch | None = None,
    on_epoch: OnEpoch | None = None,
    options: Sequence[str] = (),
) -> None:
    """Train one classifier into ``out/runs/<recipe>``, keep its answers and measure its cost.

    ``options``: those that ``dataset`` was read with, for the run's recipe. Steps that are already
    done are skipped. Errors of training, predicting and measuring are
    written to the run's folder and raised.
    """
    folder = out / "runs" / entry.recipe
    try:
        config = with_reader(entry.config(), dataset)
        config = replace(config, dataset_options=(*config.dataset_options, *options))
        if not is_trained(folder, config):
            if not has_all_epochs(folder, config):
                train(
                    config, dataset, folder,
                    device=device, resume=True, on_batch=on_batch, on_epoch=on_epoch,
                )  # fmt: skip
            classifier = TorchClassifier(folder, str(device))
            # Duplicates of PublicTest are searched in all of Training, held-back tenth included.
            answers = predict(classifier, dataset, REPORTED)
            keep_answers(answers, predictions_path(folder, REPORTED))
            parts = resplit(dataset, config.splits, config.splits_from, config.splits_seed)
            answers = predict(classifier, parts, CHOSEN_ON, repeats_of=None, splits=config.splits)
            keep_answers(answers, predictions_path(folder, CHOSEN_ON))
            write_whole(folder / TRAINED, json.dumps(config.to_dict()).encode())
        if not (folder / COST).exists():
            run_cost(folder, folder / MODEL).save(folder / COST)
    except Exception as error:
        make_folder(folder)
        write_whole(folder / FAILED, f"{one_line(error)}\n".encode())
        raise
    (folder / FAILED).unlink(missing_ok=True)


def measure_shipped(dataset: Dataset, out: Path) -> None:
    """Measure the model that ships with Mien, into ``out/runs/shipped``.

    What is there already stays, unless it was measured of an earlier version's model.
    """
    folder = out / "runs" / SHIPPED
    kept, model = predictions_path(folder, REPORTED), OnnxClassifier(DEFAULT)
    if (folder / COST).exists() and Predictions.load(kept).model_hash == model.spec.sha256:
        return
    make_folder(folder)
    keep_answers(predict(model, dataset, REPORTED), kept)
    file_cost(DEFAULT).save(folder / COST)


def has_all_epochs(folder: Path, config: ClassifierConfig) -> bool:
    """Whether nothing is left to train of the run in ``folder``, as of one that is put there.

    Such a run may have been trained elsewhere and keep no more than the weights that it exports.
    Raises ``ConfigError`` if it is of another recipe.
    """
    if not checkpoint.exists(folder):
        return False
    checkpoint.check(folder, config, resume=True)
    state = checkpoint.load(folder / checkpoint.CHECKPOINT)
    return bool(state["epochs_done"] >= config.epochs)


def is_trained(folder: Path, config: ClassifierConfig) -> bool:
    """Whether the run in ``folder`` is of this recipe, trained to its end and measured."""
    try:
        stored = parse_json(read_file(folder / TRAINED))
    except (OSError, ValueError):
        return False
    return bool(stored == config.to_dict())
