from __future__ import annotations

import csv
import multiprocessing
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from mien.errors import ConfigError, DatasetError, InputError, TrainingError
from mien.train.recipe import load_recipe
from mien.train.tuning.space import load_space
from tests.support import tiny

torch = pytest.importorskip("torch")
optuna = pytest.importorskip("optuna")

from mien.train.tuning import claim as claiming  # noqa: E402
from mien.train.tuning import storage as database  # noqa: E402
from mien.train.tuning import tune as tuning  # noqa: E402
from mien.train.tuning.trials import TrialRow  # noqa: E402
from tests.support import fake  # noqa: E402

pytestmark = pytest.mark.filterwarnings(
    "ignore::optuna.exceptions.ExperimentalWarning", "ignore:Heartbeat of storage"
)
Retry = optuna.storages.RetryHeartbeatStaleTrialCallback
FORK = multiprocessing.get_context("fork")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(tuning, "train", fake.train)
    monkeypatch.setattr(tuning, "POLL", 0.05)
    fake.without_figures(monkeypatch.setattr)
    with fake.without_waiting_for_the_disk():
        yield


def tune(
    out: Path, text: str = fake.SPACE, keys: dict[str, Any] | None = None, **options: Any
) -> list[TrialRow]:
    space = out.parent / "space.toml"
    space.write_text(text)
    config = fake.recipe(**(keys or {}))
    data = options.pop("data", tiny.Faces())
    arguments = {"method": "grid", "prune": False, "device": torch.device("cpu"), **options}
    return tuning.tune(config, load_space(space, config), data, out, **arguments)


def study(out: Path) -> optuna.Study:
    return optuna.load_study(study_name="tiny", storage=f"sqlite:///{out / 'study.db'}")


def test_a_grid_finds_the_best_and_leaves_its_recipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    monkeypatch.undo()
    monkeypatch.setattr(tuning, "train", fake.train)
    rows = tune(out)
    assert len(rows) == fake.POINTS
    assert len({tuple(row.params.items()) for row in rows}) == fake.POINTS
    best = next(row for row in rows if row.best)
    assert best.params == {"lr": 0.1, "dropout": 0.0}
    assert best.accuracy == pytest.approx(1)
    found = load_recipe(out / "best.toml")
    expected = {**fake.recipe().to_dict(), "lr": 0.1, "dropout": 0.0, "name": "tiny_tuned"}
    assert found.to_dict() == expected
    assert "'valid' of 'train' (random:90/10, seed 0)" in (out / "best.toml").read_text()
    with (out / "trials.csv").open() as file:
        table = list(csv.DictReader(file))
    assert [float(line["accuracy"]) for line in table] == [row.accuracy for row in rows]
    assert {line["split"] for line in table} == {
        "the part 'valid' of 'train' (random:90/10, seed 0)"
    }
    for name in ("history.png", "importance.png"):
        assert (out / name).read_bytes().startswith(b"\x89PNG")


def test_only_the_best_trial_keeps_its_checkpoint(tmp_path: Path) -> None:
    rows = tune(tmp_path / "out")
    best = next(row.number for row in rows if row.best)
    kept = [path.parent.name for path in (tmp_path / "out" / "trials").rglob("last.pt")]
    assert kept == [str(best)]
    assert len(list((tmp_path / "out" / "trials").glob("*/metrics.jsonl"))) == fake.POINTS


def test_a_search_continues_where_it_stopped(tmp_path: Path) -> None:
    """Trials of two runs are those of one run, and N counts them all."""
    once = tune(tmp_path / "once", method="random", trials=6)
    tune(tmp_path / "twice", method="random", trials=2)
    twice = tune(tmp_path / "twice", method="random", trials=6)
    assert [row.params for row in twice] == [row.params for row in once]
    assert len({tuple(row.params.items()) for row in once}) > 2
    assert tune(tmp_path / "twice", method="random", trials=6) == twice  # nothing left to do


def test_tpe_beats_chance(tmp_path: Path) -> None:
    text = "lr = { low = 1e-5, high = 1, log = true }\ndropout = { low = 0.0, high = 0.9 }"
    rows = tune(tmp_path / "out", text, method="tpe", trials=30)
    late = [row.accuracy or 0 for row in rows[15:]]
    early = [row.accuracy or 0 for row in rows[:10]]  # TPE's first ten are random
    assert sum(late) / len(late) > sum(early) / len(early) + 0.1


def test_hopeless_trials_are_pruned(tmp_path: Path) -> None:
    epochs: dict[int, int] = {}

    class Count(tuning.Watcher):
        def epoch(self, number: int, row: dict[str, Any], config: Any) -> None:
            epochs[number] = row["epoch"]

    rows = tune(tmp_path / "out", keys={"epochs": 8}, prune=True, watcher=Count())
    pruned = [row for row in rows if row.state == "pruned"]
    assert pruned and all(row.number >= 4 for row in pruned)
    assert all(row.epochs == epochs[row.number] < 8 for row in pruned)
    # by hand: at every step the median is over the best so far of the trials before
    first = pruned[0]
    before = sorted(row.accuracy or 0 for row in rows[: first.number])
    median = (before[(len(before) - 1) // 2] + before[len(before) // 2]) / 2
    assert fake.accuracy(fake.recipe(**first.params)) < median
    assert next(row for row in rows if row.best).params == {"lr": 0.1, "dropout": 0.0}


def test_a_trial_that_cannot_be_trained_is_kept_with_its_reason(tmp_path: Path) -> None:
    text = "batch_size = [13, 16, 32]\nlr = [0.1, 0.01]\nloss = ['cross_entropy', 'svm']\n"
    text += "label_smoothing = [0.0, 0.1]"
    rows = tune(tmp_path / "out", text)
    assert len(rows) == 24
    for row in rows:
        if row.params["loss"] == "svm" and row.params["label_smoothing"]:
            assert row.state == "failed" and "label_smoothing to 0" in row.reason
        elif row.params["batch_size"] == 13:
            assert (row.state, row.reason) == ("failed", "13 brings bad luck")
        else:
            assert row.state == "finished"
    assert "13 brings bad luck" in (tmp_path / "out" / "trials.csv").read_text()


def test_no_trial_finished(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"no trial of 2 has finished.*bad luck"):
        tune(tmp_path / "out", "lr = [0.1, 0.2]", keys={"batch_size": 13})
    assert (tmp_path / "out" / "trials.csv").exists()


@pytest.mark.parametrize(
    ("keys", "text", "options", "expected"),
    [
        ({"epochs": 3}, fake.SPACE, {}, "recipe epochs was 2 and is 3"),
        ({}, "lr = [0.1, 0.2]", {}, "space dropout was"),
        ({}, fake.SPACE, {"method": "random", "trials": 3}, "method was 'grid' and is 'random'"),
        ({}, fake.SPACE, {"seed": 1}, "seed was 0 and is 1"),
    ],
)
def test_another_search_under_the_same_name_is_refused(
    tmp_path: Path, keys: dict[str, Any], text: str, options: dict[str, Any], expected: str
) -> None:
    tune(tmp_path / "out", trials=1)
    with pytest.raises(ConfigError) as caught:
        tune(tmp_path / "out", text, keys, **options)
    assert expected in str(caught.value) and "choose another --study" in str(caught.value)


def test_a_search_on_other_data_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tune(tmp_path / "out", trials=1)
    with pytest.raises(ConfigError, match=r"fingerprint of train was '\w{16}' and is '\w{16}'"):
        tune(tmp_path / "out", data=tiny.Faces(127))
    with monkeypatch.context() as before:  # version 0.1.0 did not note it
        before.setattr(claiming, "DATA", "other")
        tune(tmp_path / "old", trials=1)
    assert len(tune(tmp_path / "old", trials=2, data=tiny.Faces(127))) == 2


def test_a_folder_of_another_search_is_refused(tmp_path: Path) -> None:
    tune(tmp_path / "out", trials=2)
    with pytest.raises(ConfigError, match="choose another --out"):
        tune(tmp_path / "out", name="other")


def test_a_reported_split_is_refused(tmp_path: Path) -> None:
    space = load_space("default", tiny.config(limit=300))
    with pytest.raises(ConfigError, match="is reported: tuned on the part 'valid'"):
        tuning.tune(tiny.config(), space, tiny.Faces(), tmp_path / "out", trials=1)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), DatasetError("the disk is gone")])
def test_an_interrupted_trial_is_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    out = tmp_path / "out"
    tune(out, trials=2)
    whole = tune(tmp_path / "whole")

    def stopped(*args: Any, **options: Any) -> None:
        raise error

    monkeypatch.setattr(tuning, "train", stopped)
    for _ in range(3):  # more often than a trial may take its process down
        with pytest.raises(type(error)):
            tune(out)
    monkeypatch.setattr(tuning, "train", fake.train)
    rows = tune(out)
    assert [row.state for row in rows[2:5]] == ["stopped"] * 3
    done = [row for row in rows if row.state == "finished"]
    key = lambda row: tuple(row.params.items())  # noqa: E731
    assert sorted(map(key, done)) == sorted(map(key, whole))
    assert rows[5].params == rows[2].params == whole[2].params


def test_a_broken_database_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "study.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(InputError, match="not a database") as caught:
        tune(tmp_path / "out")
    assert "\n" not in str(caught.value)


def test_a_database_that_does_not_answer(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unable to open"):
        tune(tmp_path / "out", storage=f"sqlite:///{tmp_path / 'none' / 'study.db'}")


def start(tmp_path: Path, name: str, trials: int, slow: float) -> tuple[BaseProcess, Connection]:
    """Another process on the search in ``tmp_path``, and the pipe that it writes to.

    It is forked: importing PyTorch anew would take longer than all trials.
    """
    (tmp_path / "space.toml").write_text(fake.SPACE)
    ours, theirs = FORK.Pipe(duplex=False)
    storage = f"sqlite:///{tmp_path / 'study.db'}"
    child = FORK.Process(
        target=fake.main, args=(tmp_path / name, storage, trials, slow, theirs.send)
    )
    child.start()
    theirs.close()
    return child, ours


def messages(pipe: Connection) -> Iterator[str]:
    """Messages of a process until it ends."""
    with suppress(EOFError):
        while True:
            yield pipe.recv()


def test_two_tuners_share_a_search(tmp_path: Path) -> None:
    pairs = [start(tmp_path, name, fake.POINTS, 0.05) for name in ("a", "b")]
    ran = [text for _, pipe in pairs for text in messages(pipe) if text.startswith("ended")]
    for child, _ in pairs:
        child.join()
    assert [child.exitcode for child, _ in pairs] == [0, 0]
    assert len(ran) == len(set(ran)) == fake.POINTS
    loaded = optuna.load_study(study_name="tiny", storage=f"sqlite:///{tmp_path / 'study.db'}")
    finished = [t for t in loaded.trials if t.state == optuna.trial.TrialState.COMPLETE]
    assert len({tuple(trial.params.items()) for trial in finished}) == fake.POINTS
    tables = [(tmp_path / name / "trials.csv").read_text() for name in ("a", "b")]
    assert tables[0] == tables[1]
    for name in ("a", "b"):  # the best one's checkpoint lies where it was trained
        assert load_recipe(tmp_path / name / "best.toml").lr == 0.1


def test_a_killed_tuner_loses_no_trial(tmp_path: Path) -> None:
    child, pipe = start(tmp_path, "a", 4, 0.2)
    assert "epoch 1" in messages(pipe)  # stops listening there
    child.kill()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    again, pipe = start(tmp_path, "a", 4, 0.0)
    assert [text for text in messages(pipe) if text.startswith("ended")][-1] == "ended 4"
    again.join()
    assert again.exitcode == 0
    loaded = optuna.load_study(study_name="tiny", storage=f"sqlite:///{tmp_path / 'study.db'}")
    assert [t.number for t in loaded.trials if t.state.name != "COMPLETE"] == [1]
    again_as = next(t for t in loaded.trials if Retry.retry_history(t) == [1])
    assert again_as.params == loaded.trials[1].params
    assert len(loaded.trials) == 5
    with (tmp_path / "a" / "trials.csv").open() as file:
        table = list(csv.DictReader(file))
    assert (table[1]["state"], table[1]["reason"]) == (
        "stopped",
        f"run again as trial {again_as.number}",
    )


def test_a_trial_that_takes_its_process_down_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "GRACE", 1)
    out = tmp_path / "out"
    tune(out, trials=1)
    storage = database.open_storage(f"sqlite:///{out / 'study.db'}")
    search = optuna.load_study(study_name="tiny", storage=storage)
    for number in range(1, 2 + database.MAX_RETRIES):
        storage.record_heartbeat(search.ask()._trial_id)  # and its process dies
        while search.trials[number].state == optuna.trial.TrialState.RUNNING:
            time.sleep(0.2)
            database.retry_dead(search, storage, [])
    rows = tune(out)
    states = ["finished", "stopped", "stopped", "failed", *["finished"] * (fake.POINTS - 2)]
    assert [row.state for row in rows] == states
    assert rows[3].reason == "its process died again and again"


def test_a_trial_that_dies_again_before_its_first_heartbeat_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is run again has its settings at once, and no heartbeat yet."""
    storage = database.open_storage(f"sqlite:///{tmp_path / 'study.db'}")
    search = optuna.create_study(study_name="tiny", storage=storage)
    first = search.ask()
    first.suggest_float("lr", 0, 1)
    storage.record_heartbeat(first._trial_id)
    search.tell(0, state=optuna.trial.TrialState.FAIL)
    Retry(database.MAX_RETRIES)(search, search.trials[0])
    assert search.ask().number == 1  # and its process dies at once
    alive = search.ask()
    storage.record_heartbeat(alive._trial_id)
    running = [trial for trial in search.trials if trial.state == optuna.trial.TrialState.RUNNING]
    assert [bool(trial.params) for trial in running] == [True, False]
    monkeypatch.setattr(database, "fail_stale_trials", lambda _: None)
    monkeypatch.setattr(database, "GRACE", 0)
    database.retry_dead(search, storage, running)
    states = [trial.state.name for trial in search.trials]
    assert states == ["FAIL", "FAIL", "RUNNING", "WAITING"]


def test_an_interruption_is_not_held_against_a_trial() -> None:
    """It is run again however often, and the count of deaths starts anew."""
    study = optuna.create_study()
    dies = Retry(database.MAX_RETRIES)
    for _ in range(3):
        for stop in (dies, lambda study, trial: database.retry_interrupted(study, trial.number)):
            number = study.ask().number
            study.tell(number, state=optuna.trial.TrialState.FAIL)
            stop(study, study.trials[number])
            assert study.trials[-1].state == optuna.trial.TrialState.WAITING
            assert Retry.retry_history(study.trials[-1])[-1] == number
            assert Retry.retried_trial_number(study.trials[-1]) == 0


def test_two_processes_may_start_a_search_at_once(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    other = optuna.create_study(
        study_name="tiny", storage=f"sqlite:///{out / 'study.db'}", direction="maximize"
    )
    other.set_user_attr("method", "grid")  # it has not stored the rest yet
    assert len(tune(out)) == fake.POINTS


def test_a_trial_that_another_process_took_over_is_left_to_it(tmp_path: Path) -> None:
    """Such as after a suspended laptop wakes up: its heartbeat was missing for too long."""
    out = tmp_path / "out"

    class Thief(tuning.Watcher):
        done = False

        def epoch(self, number: int, row: dict[str, Any], config: Any) -> None:
            if not self.done:
                self.done = True
                other = study(out)
                other.tell(number, state=optuna.trial.TrialState.FAIL)
                Retry()(other, other.trials[number])

    rows = tune(out, watcher=Thief())
    assert [row.state for row in rows] == ["stopped"] + ["finished"] * fake.POINTS
    assert rows[1].params == rows[0].params


def test_a_process_that_died_before_its_first_sign_of_life(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    tune(out, trials=1)
    study(out).ask()  # RUNNING, with no process behind it
    monkeypatch.setattr(database, "GRACE", 1)
    waited: list[list[int]] = []

    class Waits(tuning.Watcher):
        def waiting(self, numbers: list[int]) -> None:
            waited.append(numbers)

    rows = tune(out, watcher=Waits())
    assert waited == [[1]]
    assert [row.state for row in rows].count("finished") == fake.POINTS
    assert rows[1].state == "stopped"
