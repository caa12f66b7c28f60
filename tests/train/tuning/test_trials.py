from __future__ import annotations

import pytest

optuna = pytest.importorskip("optuna")

from mien.train.tuning import trials as module  # noqa: E402
from mien.train.tuning.trials import (  # noqa: E402
    best_of,
    count_ended,
    counted,
    original_number,
    ranked,
    rows_of,
)

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
State = optuna.trial.TrialState
Retry = optuna.storages.RetryHeartbeatStaleTrialCallback


@pytest.fixture
def study() -> optuna.Study:
    """Two finished trials of one accuracy, a failed, a stopped, its retry, and one too many."""
    study = optuna.create_study(direction="maximize")
    for value, nll in ((0.5, 1.2), (0.5, 1.1)):
        trial = study.ask({"lr": optuna.distributions.FloatDistribution(0, 1)})
        trial.set_user_attr("nll", nll)
        study.tell(trial, value)
    for attribute in ("reason", None, module.SURPLUS):
        trial = study.ask()
        if attribute:
            trial.set_user_attr(attribute, "bad luck")
        study.tell(trial, state=State.FAIL)
        if attribute is None:
            Retry()(study, study.trials[trial.number])
            study.tell(study.ask(), state=State.FAIL)
    return study


def test_every_state_is_named(study: optuna.Study) -> None:
    rows = rows_of(study)
    assert [(row.number, row.state, row.reason) for row in rows] == [
        (0, "finished", ""),
        (1, "finished", ""),
        (2, "failed", "bad luck"),
        (3, "stopped", "run again as trial 4"),
        (4, "failed", "its process died again and again"),
    ]
    assert count_ended(rows) == 4


def test_of_equal_accuracy_the_lower_nll_is_better(study: optuna.Study) -> None:
    rows = rows_of(study)
    assert [row.number for row in ranked(rows)] == [1, 0]
    best = best_of(rows)
    assert best is not None and best.number == 1 and best.best
    assert best_of(rows[:1]) is None


def test_a_retry_takes_the_place_of_its_trial(study: optuna.Study) -> None:
    assert [trial.number for trial in counted(study.trials)] == [0, 1, 2, 3]
    assert [original_number(trial) for trial in study.trials] == [0, 1, 2, 3, 3, 5]
