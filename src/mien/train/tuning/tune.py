"""Tuning: trials of a recipe with other settings, kept in a database that processes can share.

Optuna stores the search, proposes settings (``random``, ``tpe``), prunes, and queues the trials of
dead processes again. Ours are the split that trials are measured on, the exact number of trials
however many processes share them, and the retry of interrupted ones.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from optuna import Study, Trial, TrialPruned, create_study
from optuna import logging as optuna_logging
from optuna.exceptions import ExperimentalWarning, OptunaError, UpdateFinishedTrialError
from optuna.pruners import BasePruner, MedianPruner, NopPruner
from optuna.storages import RDBStorage
from optuna.trial import TrialState
from sqlalchemy.exc import SQLAlchemyError

from mien.datasets.base import Dataset
from mien.datasets.read_once import ReadOnce
from mien.datasets.splits import resplit
from mien.errors import ConfigError, TrainingError, one_line
from mien.files import make_folder, sweep
from mien.train.classification.config import ClassifierConfig
from mien.train.classification.loss_history import row_of_kept_epoch
from mien.train.session import pick_device, with_reader
from mien.train.trainer import train
from mien.train.tuning.claim import check_folders, claim
from mien.train.tuning.report import write_report
from mien.train.tuning.sampling import PerTrial, suggest
from mien.train.tuning.space import Space
from mien.train.tuning.split import tuning_split
from mien.train.tuning.storage import (
    damaged_study,
    open_storage,
    retry_dead,
    retry_interrupted,
    storage_errors,
)
from mien.train.tuning.trials import SURPLUS, TrialRow, counted, is_retry, rows_of

UNPRUNED_TRIALS = 4  # that finish before any is compared with their median
POLL = 2.0
"""Seconds between two looks at what other processes are doing."""


class Watcher:
    """What ``tune`` reports while it works; each method may be overridden."""

    def epoch(self, number: int, row: dict[str, Any], config: ClassifierConfig) -> None:
        """An epoch of trial ``number`` of this process has ended; ``row`` holds its metrics."""

    def trial(self, row: TrialRow, rows: list[TrialRow], trials: int) -> None:
        """A trial of this process has ended; ``rows`` are all of the search, ``trials`` its N."""

    def waiting(self, numbers: list[int]) -> None:
        """Nothing is left to start, but other processes still run these trials."""

    def note(self, text: str) -> None:
        """What the user should know about the data or the device; each sentence comes once."""


class _TakenOver(BaseException):
    """Another process runs the trial: this one sent no heartbeat for too long."""


def tune(
    config: ClassifierConfig,
    space: Space,
    dataset: Dataset,
    out: Path,
    *,
    method: str = "tpe",
    trials: int | None = None,
    storage: str | None = None,
    name: str | None = None,
    seed: int = 0,
    prune: bool = True,
    device: torch.device | None = None,
    watcher: Watcher | None = None,
) -> list[TrialRow]:
    """Run trials until the search has ``trials`` of them, and write the results to ``out``.

    ``config`` is the recipe that ``space`` varies; its validation split must be a part of a
    training split (``tuning_split`` sees to that). The search ``name`` (default: the recipe's)
    lives in the database ``storage`` (default: ``out/study.db``). Trials that it holds already
    count, and those of dead processes are run again. ``trials`` may be left out for ``grid``: all
    combinations.

    Returns all trials of the search. ``out`` then holds ``trials.csv``, ``best.toml``, the figures
    ``history.png`` and ``importance.png``, and a run's folder for each trial that ran here; only
    the best one's keeps its checkpoint.

    Raises ``ConfigError`` for settings that cannot be followed and for a search of another recipe,
    space or method; ``InputError`` for a database that cannot be used; ``TrainingError`` where no
    trial has finished; ``DatasetError`` and ``OutputError``. None of them loses a finished trial.
    """
    trials = space.count_trials(method, trials)
    config = with_reader(config, dataset)
    tuned, note = tuning_split(config)
    if note:
        raise ConfigError(f"this recipe would be tuned on a split that is reported: {note}")
    # Read and divided once for all trials; a space cannot change how.
    data = resplit(ReadOnce(dataset), config.splits, config.splits_from, config.splits_seed)
    if tuned.valid_split not in data.splits():
        raise ConfigError(f"splits {config.splits!r} make no part {config.valid_split!r}")
    make_folder(out)
    for folder in (out / "trials").glob("*"):
        sweep(folder)  # a trial that was killed is tried again in another folder
    url = storage or f"sqlite:///{(out / 'study.db').absolute()}"
    with _quietly(), storage_errors(url):
        with damaged_study(url):  # all of it is read once, before the first trial
            database = open_storage(url)
            study = create_study(
                storage=database,
                study_name=name or config.name,
                direction="maximize",
                load_if_exists=True,
                sampler=PerTrial(method, seed, space.grid() if method == "grid" else None),
                pruner=_pruner(config) if prune else NopPruner(),
            )
            claim(study, config, space, {"method": method, "seed": seed}, data)
            check_folders(study, out)
            rows_of(study)
        device, watcher = device or pick_device(), watcher or Watcher()
        _Search(study, database, config, space, data, out, trials, device, watcher).run()
        write_report(study, config, space, out)
        return rows_of(study)


@dataclass(frozen=True, slots=True)
class _Search:
    """One process at work on a search."""

    study: Study
    database: RDBStorage
    config: ClassifierConfig
    space: Space
    data: Dataset
    out: Path
    trials: int
    device: torch.device
    watcher: Watcher
    noted: set[str] = field(default_factory=set)

    def run(self) -> None:
        """Run trials until the search has all of them, and wait for those of other processes."""
        reported = False
        while True:
            trials = self.study.get_trials(deepcopy=False)
            running = [trial for trial in trials if trial.state == TrialState.RUNNING]
            waiting = any(trial.state == TrialState.WAITING for trial in trials)
            if waiting or len(counted(trials)) < self.trials:
                with suppress(_TakenOver):
                    self.study.optimize(self._objective, n_trials=1, callbacks=[self._ended])
                reported = False
            elif running:
                if not reported:
                    self.watcher.waiting([trial.number for trial in running])
                reported = True
                time.sleep(POLL)
                retry_dead(self.study, self.database, running)
            else:
                break

    def _objective(self, trial: Trial) -> float:
        """Train one trial; NaN, which Optuna stores as a failure, where that cannot be done."""
        try:
            return self._train(trial)
        except TrialPruned:
            raise
        except UpdateFinishedTrialError:
            raise _TakenOver from None
        except (ConfigError, TrainingError, RuntimeError) as error:
            # PyTorch raises RuntimeError, for pictures too small for so many stages for example.
            trial.set_user_attr("reason", one_line(error, 500))
            return math.nan
        except (Exception, KeyboardInterrupt):  # stopped from outside: Ctrl-C, a full disk
            with suppress(OptunaError, SQLAlchemyError):  # the first error is the one to report
                retry_interrupted(self.study, trial.number)
            raise

    def _train(self, trial: Trial) -> float:
        """Accuracy of the epoch whose weights the trial keeps; NaN for one trial too many."""
        trials = self.study.get_trials(deepcopy=False)
        own, full = trials[trial.number], len(counted(trials[: trial.number])) >= self.trials
        if SURPLUS in own.user_attrs or (full and not is_retry(own)):
            trial.set_user_attr(SURPLUS, True)
            return math.nan
        began, epochs = time.perf_counter(), 0

        def on_epoch(row: dict[str, Any]) -> None:
            nonlocal epochs
            epochs += 1
            self.watcher.epoch(trial.number, row, config)
            trial.report(row["valid_accuracy"], row["epoch"] - 1)  # Optuna's steps count from 0
            if epochs < config.epochs and trial.should_prune():
                raise TrialPruned

        try:
            config = self.space.config(self.config, suggest(trial, self.space))
            folder = self.out / "trials" / str(trial.number)
            rows = train(
                config, self.data, folder,
                device=self.device, on_epoch=on_epoch, on_note=self._note,
            )  # fmt: skip
            best = row_of_kept_epoch(rows, config)
            trial.set_user_attr("nll", best["valid_nll"])
            return float(best["valid_accuracy"])
        finally:
            with suppress(OptunaError):  # the first error is the one to report
                trial.set_user_attr("epochs", epochs)
                trial.set_user_attr("seconds", round(time.perf_counter() - began, 1))

    def _note(self, text: str) -> None:
        if text not in self.noted:
            self.noted.add(text)
            self.watcher.note(text)

    def _ended(self, study: Study, trial: Any) -> None:
        rows = rows_of(study)
        drop_checkpoints(self.out, rows)
        for row in rows:
            if row.number == trial.number:
                self.watcher.trial(row, rows, self.trials)


def drop_checkpoints(out: Path, rows: Sequence[TrialRow]) -> None:
    """Remove the checkpoints of all ended trials but the best; metrics and recipes stay."""
    for row in rows:
        if row.ended and not row.best:
            for file in (out / "trials" / str(row.number)).glob("*.pt"):
                file.unlink(missing_ok=True)


def _pruner(config: ClassifierConfig) -> BasePruner:
    # The first quarter of the epochs says little: the rate is high, or still rising.
    return MedianPruner(UNPRUNED_TRIALS, n_warmup_steps=max(1, config.epochs // 4))


@contextmanager
def _quietly() -> Iterator[None]:
    """Silence Optuna's log (``Watcher`` reports instead) and warnings on experimental features."""
    before = optuna_logging.get_verbosity()
    optuna_logging.set_verbosity(optuna_logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            yield
    finally:
        optuna_logging.set_verbosity(before)
