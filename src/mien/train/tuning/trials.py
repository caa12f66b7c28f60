"""The trials of a search, as Optuna stores them and as tables and screens show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from optuna import Study
from optuna.storages import RetryHeartbeatStaleTrialCallback as Retry
from optuna.trial import FrozenTrial, TrialState

from mien.errors import brief
from mien.parsing import is_number
from mien.train.tuning.space import plain

SURPLUS = "surplus"
"""User attribute of a trial that began when another process had just begun the last of N."""

_STATES = {
    TrialState.COMPLETE: "finished",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
    TrialState.WAITING: "waiting",
}


@dataclass(frozen=True, slots=True)
class TrialRow:
    """One trial."""

    number: int
    state: str
    """``finished``, ``pruned``, ``failed``, ``running`` or ``waiting``; ``stopped``: killed or
    interrupted, and run again as another trial."""
    accuracy: float | None
    """On the split that is tuned on; of a pruned trial when it was stopped."""
    nll: float | None
    epochs: int | None
    seconds: float | None
    params: dict[str, Any]
    """The tuned keys, as a recipe has them."""
    reason: str
    """Why it failed, or which trial runs it again."""
    best: bool

    @property
    def ended(self) -> bool:
        """Whether it is neither running nor waiting."""
        return self.state not in ("running", "waiting")


def rows_of(study: Study) -> list[TrialRow]:
    """Every trial by number, except those that one process too many began.

    A damaged database makes it raise ``ValueError``, ``TypeError`` or ``LookupError``.
    """
    trials = [t for t in study.get_trials(deepcopy=False) if SURPLUS not in t.user_attrs]
    run_again = {Retry.retry_history(t)[-1]: t.number for t in trials if is_retry(t)}
    finished = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    best = max(finished, key=lambda t: (t.value, -t.user_attrs["nll"]), default=None)
    return [_row(trial, run_again.get(trial.number), trial is best) for trial in trials]


def _row(trial: FrozenTrial, again: int | None, best: bool) -> TrialRow:
    attrs = trial.user_attrs
    for name in ("nll", "epochs", "seconds"):
        if (value := attrs.get(name)) is not None and not is_number(value):
            raise ValueError(f"{name} of trial {trial.number} is {brief(value)}")
    if trial.state == TrialState.COMPLETE and not is_number(trial.value):
        raise ValueError(f"the accuracy of trial {trial.number} is {brief(trial.value)}")
    if not isinstance(attrs.get("reason", ""), str):
        raise ValueError(f"the reason of trial {trial.number} is not text")
    state, reason = _STATES[trial.state], attrs.get("reason", "")
    if again is not None:
        state, reason = "stopped", f"run again as trial {again}"
    elif state == "failed" and not reason:
        reason = "its process died again and again"
    return TrialRow(
        number=trial.number,
        state=state,
        accuracy=trial.value if state in ("finished", "pruned") else None,
        nll=attrs.get("nll"),
        epochs=attrs.get("epochs"),
        seconds=attrs.get("seconds"),
        params={key: plain(key, value) for key, value in trial.params.items()},
        reason=reason,
        best=best,
    )


def best_of(rows: Sequence[TrialRow]) -> TrialRow | None:
    """The finished trial of the highest accuracy (of equal ones the lowest NLL), if any."""
    return next((row for row in rows if row.best), None)


def ranked(rows: Sequence[TrialRow]) -> list[TrialRow]:
    """The finished trials, best first."""
    finished = (row for row in rows if row.state == "finished")
    return sorted(finished, key=lambda row: (-(row.accuracy or 0), row.nll or 0))


def count_ended(rows: Sequence[TrialRow]) -> int:
    """How many of the search's N trials have ended; a stopped one is run again."""
    return sum(row.state in ("finished", "pruned", "failed") for row in rows)


def is_retry(trial: FrozenTrial) -> bool:
    """Whether it runs a killed or interrupted trial again."""
    return bool(Retry.retry_history(trial))


def original_number(trial: FrozenTrial) -> int:
    """Number of the first trial with these settings: its own unless it is a retry."""
    first = Retry.retried_trial_number(trial)
    return trial.number if first is None else first


def counted(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """The trials that count towards N: a retry counts as the trial that it runs again."""
    return [t for t in trials if not is_retry(t) and SURPLUS not in t.user_attrs]
