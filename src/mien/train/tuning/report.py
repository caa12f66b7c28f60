"""What a study leaves: every trial in a table, the best recipe, and two figures."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from optuna import Study
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, TrialState

from mien.errors import TrainingError
from mien.files import write_whole
from mien.reports.figures.save import save_figure
from mien.train.classification.config import ClassifierConfig
from mien.train.tuning.figures import history_figure, importance_figure
from mien.train.tuning.space import Space, plain
from mien.train.tuning.split import described

_STATES = {
    TrialState.COMPLETE: "finished",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
    TrialState.WAITING: "waiting",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One trial."""

    number: int
    state: str
    """``finished``, ``pruned``, ``failed``, ``running``, ``waiting``; ``stopped``: another trial
    runs it again; ``surplus``: one too many, never started."""
    accuracy: float | None
    """On the part that is tuned on; of a pruned trial when it was stopped."""
    nll: float | None
    epochs: int | None
    seconds: float | None
    params: dict[str, Any]
    """The tuned keys, as a recipe has them."""
    reason: str
    """Why it failed, or what runs it again."""
    best: bool

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state not in ("running", "waiting")


def rows_of(study: Study) -> list[Row]:
    """Every trial of a study, by number."""
    trials = study.get_trials(deepcopy=False)
    again = {
        trial.user_attrs["replaces"]: trial.number
        for trial in trials
        if "replaces" in trial.user_attrs
    }
    finished = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    best = max(finished, key=lambda t: (t.value, -t.user_attrs["nll"]), default=None)
    return [_row(trial, again.get(trial.number), trial is best) for trial in trials]


def _row(trial: FrozenTrial, again: int | None, best: bool) -> Row:
    attrs = trial.user_attrs
    state, reason = _STATES[trial.state], attrs.get("reason", "")
    if "surplus" in attrs:
        state, reason = "surplus", "the study was full"
    elif again is not None:
        state, reason = "stopped", f"run again as trial {again}"
    elif state == "failed" and not reason:
        reason = "its process ended again and again"
    return Row(
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


def write_report(study: Study, config: ClassifierConfig, space: Space, out: Path) -> None:
    """Write ``trials.csv``, ``best.toml``, ``history.png`` and ``importance.png`` into ``out``.

    The last needs two finished trials and two tuned keys that took several values. Raises
    ``TrainingError`` where no trial has finished (``trials.csv`` is there all the same) and
    ``OutputError``.
    """
    rows = [row for row in rows_of(study) if row.state != "surplus"]
    write_whole(out / "trials.csv", _csv(rows, config, space).encode())
    best = next((row for row in rows if row.best), None)
    if best is None:
        reasons = [row.reason for row in rows if row.state == "failed"]
        last = f", the last because: {reasons[-1]}" if reasons else ""
        raise TrainingError(
            f"no trial of {len(rows)} has finished{last}; see {out / 'trials.csv'}: mend the "
            "recipe or the search space, and start a study in another --out"
        )
    write_whole(out / "best.toml", best_recipe(study, rows, best, config).encode())
    title = f"{study.study_name}: {study.user_attrs['method']}, tuned on {described(config)}"
    save_figure(history_figure(rows, title), out / "history.png")
    shares = importances(study)
    target = out / "importance.png"
    if shares:
        finished = sum(row.state == "finished" for row in rows)
        save_figure(importance_figure(shares, title, finished), target)
    else:
        target.unlink(missing_ok=True)  # an older one would tell of another state


def importances(study: Study) -> dict[str, float]:
    """Share of the accuracy's variance by each tuned key (fANOVA, Hutter et al. 2014), sum 1.

    Empty where there is nothing to tell apart: fewer than two finished trials, fewer than two keys
    with several values, or the same accuracy throughout.
    """
    finished = [t for t in study.get_trials(deepcopy=False) if t.state == TrialState.COMPLETE]
    varied = [
        key
        for key in (finished[0].params if finished else ())
        if len({trial.params[key] for trial in finished}) > 1
    ]
    if len(varied) < 2 or len({trial.value for trial in finished}) < 2:
        return {}
    return get_param_importances(
        study, params=varied, evaluator=FanovaImportanceEvaluator(seed=0), normalize=True
    )


def best_recipe(study: Study, rows: list[Row], best: Row, config: ClassifierConfig) -> str:
    """The recipe of the best trial as TOML, every key of it, under a header of where it is from."""
    tuned = ClassifierConfig.from_dict({**config.to_dict(), **best.params})
    tuned = replace(tuned, name=f"{config.name}_tuned")
    attrs = study.user_attrs
    ended = sum(row.state in ("finished", "pruned", "failed") for row in rows)
    lines = [
        f"# The recipe {_word(config.name)!r}, tuned: trial {best.number} of the study "
        f"{_word(study.study_name)!r}, the best of {ended}",
        f"# (method {attrs['method']}, seed {attrs['seed']}).",
        f"# Accuracy {best.accuracy:.2%} on {described(config)},",
        "# which has chosen these settings and therefore flatters them: report another split.",
        "",
    ]
    said = {
        key: f"{key} = {json.dumps('' if value is None else value, ensure_ascii=False)}"
        for key, value in tuned.to_dict().items()
    }
    width = max(len(said[key]) for key in best.params)
    lines += [
        f"{line:{width}}  # tuned" if key in best.params else line for key, line in said.items()
    ]
    return "\n".join(lines) + "\n"


def _word(text: str) -> str:
    return " ".join(text.split())


def _csv(rows: list[Row], config: ClassifierConfig, space: Space) -> str:
    """Every trial but the surplus ones, a line each."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["trial", "state", "accuracy", "nll", "epochs", "seconds", *space.keys, "reason", "split"]
    )
    for row in rows:
        facts = (row.number, row.state, row.accuracy, row.nll, row.epochs, row.seconds)
        params = (row.params.get(key, "") for key in space.keys)
        writer.writerow([*facts, *params, row.reason, described(config)])
    return text.getvalue()
