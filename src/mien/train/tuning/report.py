"""The results of a search: every trial in a table, the best recipe, and two figures."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

from optuna import Study
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.trial import TrialState

from mien.errors import TrainingError
from mien.escaping import for_csv
from mien.files import write_whole
from mien.reports.figures.save import save_figure
from mien.train.classification.config import ClassifierConfig
from mien.train.tuning.figures import history_figure, importance_figure
from mien.train.tuning.space import Space
from mien.train.tuning.split import described
from mien.train.tuning.trials import TrialRow, best_of, count_ended, rows_of


def write_report(study: Study, config: ClassifierConfig, space: Space, out: Path) -> None:
    """Write ``trials.csv``, ``best.toml``, ``history.png`` and ``importance.png`` into ``out``.

    The last needs two finished trials and two tuned keys that took several values. Raises
    ``TrainingError`` where no trial has finished (``trials.csv`` is written all the same) and
    ``OutputError``.
    """
    rows = rows_of(study)
    write_whole(out / "trials.csv", _csv(rows, config, space).encode())
    best = best_of(rows)
    if best is None:
        reasons = [row.reason for row in rows if row.state == "failed"]
        last = f", the last one failed with: {reasons[-1]}" if reasons else ""
        raise TrainingError(
            f"no trial of {len(rows)} has finished{last}; see {out / 'trials.csv'}: fix the "
            "recipe or the search space, and start a search in another --out"
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
        target.unlink(missing_ok=True)  # an older one would be outdated


def importances(study: Study) -> dict[str, float]:
    """Share of the accuracy's variance by each tuned key (fANOVA, Hutter et al. 2014), sum 1.

    Empty for fewer than two finished trials, fewer than two keys with several values, or a constant
    accuracy.
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


def best_recipe(
    study: Study, rows: list[TrialRow], best: TrialRow, config: ClassifierConfig
) -> str:
    """The recipe of the best trial as TOML: every key, and where it comes from in a header."""
    tuned = ClassifierConfig.from_dict({**config.to_dict(), **best.params})
    tuned = replace(tuned, name=f"{config.name}_tuned")
    attrs = study.user_attrs
    lines = [
        f"# The recipe {_word(config.name)!r}, tuned: trial {best.number} of the search "
        f"{_word(study.study_name)!r}, the best of {count_ended(rows)}",
        f"# (method {attrs['method']}, seed {attrs['seed']}).",
        f"# Accuracy {best.accuracy:.2%} on {described(config)},",
        "# which chose these settings and therefore flatters them: report another split.",
        "",
    ]
    settings = {
        key: f"{key} = {json.dumps('' if value is None else value, ensure_ascii=False)}"
        for key, value in tuned.to_dict().items()
    }
    width = max(len(settings[key]) for key in best.params)
    lines += [
        f"{line:{width}}  # tuned" if key in best.params else line for key, line in settings.items()
    ]
    return "\n".join(lines) + "\n"


def _word(text: str) -> str:
    return " ".join(text.split())


def _csv(rows: list[TrialRow], config: ClassifierConfig, space: Space) -> str:
    """A line for every trial."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["trial", "state", "accuracy", "nll", "epochs", "seconds", *space.keys, "reason", "split"]
    )
    for row in rows:
        facts = (row.number, row.state, row.accuracy, row.nll, row.epochs, row.seconds)
        params = (row.params.get(key, "") for key in space.keys)
        writer.writerow(map(for_csv, (*facts, *params, row.reason, described(config))))
    return text.getvalue()
