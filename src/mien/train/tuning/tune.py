"""Tuning: trials of a recipe with other settings, kept in a database that processes can share.

Optuna stores the study, proposes settings (``random``, ``tpe``) and prunes. What is ours: which
split is looked at, that N trials are N however many processes there are, and that a killed or
interrupted trial is run again and not lost.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch
from optuna import Study, Trial, TrialPruned, create_study
from optuna import logging as optuna_logging
from optuna.exceptions import (
    ExperimentalWarning,
    OptunaError,
    StorageInternalError,
    UpdateFinishedTrialError,
)
from optuna.pruners import BasePruner, MedianPruner, NopPruner
from optuna.storages import fail_stale_trials
from optuna.trial import FrozenTrial, TrialState, create_trial
from sqlalchemy.exc import SQLAlchemyError

from mien.datasets.base import Dataset
from mien.datasets.splits import resplit
from mien.errors import ConfigError, InputError, OutputError, TrainingError
from mien.train.classification.config import ClassifierConfig
from mien.train.classification.loss_history import row_of_kept_epoch
from mien.train.session import pick_device
from mien.train.trainer import train
from mien.train.tuning import storage as database
from mien.train.tuning.claim import check_folders, claim
from mien.train.tuning.report import Row, rows_of, write_report
from mien.train.tuning.sampling import PerTrial, origin, slots, suggest
from mien.train.tuning.space import Space
from mien.train.tuning.split import tuning_split

METHODS = ("grid", "random", "tpe")
UNPRUNED_TRIALS = 4  # so many finish before any is compared with their median
POLL = 2.0
"""Seconds between two looks at what other processes are doing."""
MOST_DEATHS = 2  # a trial that takes its process down again and again is not run for ever


class Watcher:
    """What ``tune`` tells while it works; every method may be left as it is."""

    def epoch(self, number: int, row: dict[str, Any], config: ClassifierConfig) -> None:
        """An epoch of trial ``number`` of this process is done; ``row`` holds its metrics."""

    def trial(self, row: Row, rows: list[Row], trials: int) -> None:
        """A trial of this process has ended; ``rows`` are all of the study, ``trials`` its N."""

    def waiting(self, numbers: list[int]) -> None:
        """Nothing is left to start, but other processes still run these trials."""


class _Failed(Exception):  # noqa: N818 - no error: a trial that ends without a value
    """The trial cannot be trained; its reason is stored with it."""


class _Surplus(Exception):  # noqa: N818
    """Another process was faster: the study has its N trials."""


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
) -> list[Row]:
    """Run trials until the study has ``trials`` of them, and write what came out to ``out``.

    ``config`` is the recipe that ``space`` varies; its validation split must be a part of a
    training split (``tuning_split`` sees to that). The study ``name`` (the recipe's) lives in the
    database ``storage`` (``out/study.db``); trials that it holds already count, and those of a
    process that is gone are run again. ``trials`` may be left out for ``grid``: all combinations.

    Returns all trials of the study. ``out`` then holds ``trials.csv``, ``best.toml``, the figures
    ``history.png`` and ``importance.png`` and a run's folder for each trial that ran here, of which
    the best one's keeps its checkpoint.

    Raises ``ConfigError`` for settings that cannot be followed and for a study of another recipe,
    space or method; ``InputError`` for a database that cannot be used; ``TrainingError`` where no
    trial has finished; ``DatasetError`` and ``OutputError``. None of them loses a finished trial.
    """
    if method not in METHODS:
        raise ConfigError(f"method must be {', '.join(METHODS)}, got {method!r}")
    if trials is not None and trials < 1:
        raise ConfigError(f"a study needs 1 trial or more, got {trials}")
    tuned, note = tuning_split(config)
    if note:
        raise ConfigError(f"this recipe would be tuned on a split that is reported: {note}")
    if tuned.valid_split not in resplit(dataset, config.splits, config.splits_from).splits():
        raise ConfigError(f"splits {config.splits!r} make no part {config.valid_split!r}")
    points = space.grid() if method == "grid" else None
    if points is not None:
        trials = min(trials or len(points), len(points))
    if trials is None:
        raise ConfigError(f"method {method} never ends by itself: say how many trials")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {out}: {error.strerror or error}") from None
    url = storage or f"sqlite:///{(out / 'study.db').absolute()}"
    with _quietly(), _storage_errors(url):
        study = create_study(
            storage=database.open_storage(
                url, on_stale=lambda study, trial: _again(study, trial, died=True)
            ),
            study_name=name or config.name,
            direction="maximize",
            load_if_exists=True,
            sampler=PerTrial(method, seed, points, space),
            pruner=_pruner(config) if prune else NopPruner(),
        )
        claim(study, config, space, {"method": method, "seed": seed}, dataset)
        check_folders(study, out)
        device = device or pick_device()
        _Tuning(study, config, space, dataset, out, trials, device, watcher or Watcher()).go()
        write_report(study, config, space, out)
        return rows_of(study)


class _Tuning:
    """One process at work on a study."""

    def __init__(
        self,
        study: Study,
        config: ClassifierConfig,
        space: Space,
        dataset: Dataset,
        out: Path,
        trials: int,
        device: torch.device,
        watcher: Watcher,
    ) -> None:
        self.study, self.config, self.space, self.out = study, config, space, out
        self.trials, self.device, self.watcher = trials, device, watcher
        # Read and divided once for all trials; a space cannot change how.
        read = _Read(dataset)
        self.data = resplit(read, config.splits, config.splits_from, config.splits_seed)
        self.number: int | None = None  # of the trial that runs here
        self.lost = False

    def go(self) -> None:
        """Run trials until the study has all of them, those of other processes included."""
        idle: dict[int, float] = {}  # trials of other processes → since when we watch them
        while True:
            found = self.study.get_trials(deepcopy=False)
            queued = any(trial.state == TrialState.WAITING for trial in found)
            running = [trial for trial in found if trial.state == TrialState.RUNNING]
            if queued or len(slots(found)) < self.trials:
                self._one()
                idle = {}
            elif running:
                if not idle:
                    self.watcher.waiting([trial.number for trial in running])
                self._look_after(running, idle)
            else:
                break

    def _one(self) -> None:
        self.number, self.lost = None, False
        try:
            self.study.optimize(self._objective, n_trials=1, catch=(_Failed, _Surplus))
        except BaseException as error:
            if self.lost and isinstance(error, Exception):
                return  # another process has taken the trial over: its result counts, not ours
            self._give_back()
            raise
        rows = rows_of(self.study)
        drop_checkpoints(self.out, rows)
        for row in rows:
            if row.number == self.number and row.state != "surplus":
                self.watcher.trial(row, rows, self.trials)

    def _objective(self, trial: Trial) -> float:
        self.number = trial.number
        before = [t for t in self.study.get_trials(deepcopy=False) if t.number < trial.number]
        if "replaces" not in trial.user_attrs and len(slots(before)) >= self.trials:
            trial.set_user_attr("surplus", True)
            raise _Surplus
        began = time.perf_counter()
        params = suggest(trial, self.space)
        run = self.out / "trials" / str(trial.number)
        done: list[dict[str, Any]] = []

        def after(row: dict[str, Any]) -> None:
            done.append(row)
            self.watcher.epoch(trial.number, row, config)
            trial.report(row["valid_accuracy"], row["epoch"] - 1)  # Optuna's steps count from 0
            if row["epoch"] < config.epochs and trial.should_prune():
                raise TrialPruned

        try:
            config = self.space.config(self.config, params)
            rows = train(config, self.data, run, device=self.device, on_epoch=after)
            best = row_of_kept_epoch(rows, config)
            trial.set_user_attr("nll", best["valid_nll"])
            return float(best["valid_accuracy"])
        except UpdateFinishedTrialError:
            self.lost = True
            raise
        except (ConfigError, TrainingError, RuntimeError) as error:
            # PyTorch's own RuntimeError: such as pictures too small for so many stages.
            trial.set_user_attr("reason", " ".join(str(error).split())[:500])
            raise _Failed from error
        finally:
            with suppress(OptunaError):  # the error on its way tells more
                trial.set_user_attr("epochs", len(done))
                trial.set_user_attr("seconds", round(time.perf_counter() - began, 1))

    def _give_back(self) -> None:
        """What was stopped from outside is queued again: by Ctrl-C, a full disk, lost data."""
        if self.number is None:
            return
        with suppress(OptunaError, SQLAlchemyError):  # the first error is the one to tell
            trial = self.study.get_trials(deepcopy=False)[self.number]
            if trial.state == TrialState.FAIL:
                _again(self.study, trial, died=False)

    def _look_after(self, running: list[FrozenTrial], idle: dict[int, float]) -> None:
        """Wait for the trials of other processes, and queue those of dead ones again."""
        time.sleep(POLL)
        fail_stale_trials(self.study)
        for trial in running:
            since = idle.setdefault(trial.number, time.monotonic())
            # A process that died before its first sign of life leaves none that could grow old.
            if not trial.params and time.monotonic() - since > database.GRACE:
                with suppress(ValueError, OptunaError):  # it lives, and has just ended
                    self.study.tell(trial.number, state=TrialState.FAIL)
                    _again(self.study, trial, died=True)


def drop_checkpoints(out: Path, rows: list[Row]) -> None:
    """Remove the checkpoints of all ended trials but the best; metrics and recipes stay."""
    best = next((row.number for row in rows if row.best), None)
    for row in rows:
        if row.ended and row.number != best:
            for file in (out / "trials" / str(row.number)).glob("*.pt"):
                file.unlink(missing_ok=True)


def _again(study: Study, trial: FrozenTrial, died: bool) -> None:
    """Queue a stopped trial once more, with the settings that it had."""
    deaths = trial.user_attrs.get("deaths", 0) + died
    if deaths > MOST_DEATHS:
        return
    attrs = {"replaces": trial.number, "origin": origin(trial), "deaths": deaths}
    study.add_trial(
        create_trial(
            state=TrialState.WAITING,
            params=trial.params,
            distributions=trial.distributions,
            user_attrs=attrs,
        )
    )


def _pruner(config: ClassifierConfig) -> BasePruner:
    # The first quarter of the epochs tells little: the rate is high, or still rising.
    return MedianPruner(UNPRUNED_TRIALS, n_warmup_steps=max(1, config.epochs // 4))


class _Read:
    """A data set that is read once for all trials; pictures stay as its reader holds them."""

    def __init__(self, dataset: Dataset) -> None:
        self.name, self.labels, self._dataset = dataset.name, dataset.labels, dataset
        self.official = getattr(dataset, "official", None)
        self._read: dict[str, list[Any]] = {}

    def splits(self) -> tuple[str, ...]:
        """As the data set's."""
        return self._dataset.splits()

    def samples(self, split: str) -> Iterator[Any]:
        """As the data set's."""
        if split not in self._read:
            self._read[split] = list(self._dataset.samples(split))
        return iter(self._read[split])


@contextmanager
def _quietly() -> Iterator[None]:
    """Without Optuna's log, whose every line ``Watcher`` tells, and its notes on new features."""
    before = optuna_logging.get_verbosity()
    optuna_logging.set_verbosity(optuna_logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            yield
    finally:
        optuna_logging.set_verbosity(before)


@contextmanager
def _storage_errors(url: str) -> Iterator[None]:
    """What the database answers becomes one line."""
    try:
        yield
    except (SQLAlchemyError, StorageInternalError) as error:
        cause = error.__cause__ or error
        reason = str(getattr(cause, "orig", None) or cause).strip().splitlines()[0]
        raise InputError(
            f"the database {database.shown(url)} does not answer as it should ({reason}): "
            "what is in it is kept; mend it and give the same command again"
        ) from error
