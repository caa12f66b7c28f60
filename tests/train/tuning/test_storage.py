from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from mien.errors import ConfigError

pytest.importorskip("torch")
optuna = pytest.importorskip("optuna")

from mien.train.tuning.storage import open_storage, shown  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("study.db", "expected sqlite:///FILE"),
        ("redis://localhost", "expected sqlite:///FILE"),
        ("oracle+cx_oracle://me:secret@host/x", "needs a driver that is not installed"),
    ],
)
def test_an_invalid_address_is_refused(url: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_storage(url)
    assert expected in str(caught.value) and "secret" not in str(caught.value)


def test_passwords_are_not_shown() -> None:
    assert shown("postgresql://me:secret@host/x") == "postgresql://me:***@host/x"


def test_every_transaction_locks_sqlite(tmp_path: Path) -> None:
    storage = open_storage(f"sqlite:///{tmp_path / 'study.db'}")
    with storage.engine.begin():
        other = sqlite3.connect(tmp_path / "study.db", timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()


def test_a_waiting_trial_is_taken_once(tmp_path: Path) -> None:
    """Threads with a storage each, as processes have; without the lock some are taken twice."""
    url = f"sqlite:///{tmp_path / 'study.db'}"
    study = optuna.create_study(storage=open_storage(url), study_name="s")
    for value in range(20):
        study.enqueue_trial({"x": value})
    taken: list[int] = []
    start = threading.Barrier(4)

    def work() -> None:
        mine = optuna.load_study(storage=open_storage(url), study_name="s")
        start.wait()
        for _ in range(5):
            taken.append(mine.ask().number)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(20))


def test_two_processes_may_make_the_tables_at_once(tmp_path: Path) -> None:
    code = (
        "from mien.train.tuning.storage import open_storage; import sys, time; time.sleep("
        "max(0, float(sys.argv[2]) - time.time())); open_storage(sys.argv[1])"
    )
    at = str(time.time() + 4)
    args = [sys.executable, "-W", "ignore", "-c", code, f"sqlite:///{tmp_path / 's.db'}", at]
    children = [subprocess.Popen(args, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    errors = [child.communicate()[1] for child in children]
    assert [child.returncode for child in children] == [0, 0], errors
