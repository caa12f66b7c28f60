from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from mien.errors import ConfigError, MienError
from tests.support import tiny

pytest.importorskip("torch")
optuna = pytest.importorskip("optuna")

from sqlalchemy.exc import OperationalError  # noqa: E402

from mien.train.tuning.claim import claim  # noqa: E402
from mien.train.tuning.sampling import suggest  # noqa: E402
from mien.train.tuning.space import Choices, Space  # noqa: E402
from mien.train.tuning.storage import (  # noqa: E402
    damaged_study,
    open_storage,
    shown,
    storage_errors,
)
from mien.train.tuning.trials import TrialRow, rows_of  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")

BASE = tiny.config(splits="random:90/10", valid_split="valid")
SPACE = Space({"widths": Choices(("[8, 8, 8, 8]", "[16, 8, 8, 8]"))})


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("study.db", "expected sqlite:///FILE"),
        ("redis://localhost", "expected sqlite:///FILE"),
        ("oracle+cx_oracle://me:secret@host/x", "needs a driver that is not installed"),
        ("me:secret@host/x", "--storage is not a known kind"),
        ("postgresql://me:secret@host:port/x", "cannot be used"),
        ("mysql://me:secret@[::1/x", "cannot be used"),
        ("sqlite:///a\0b", "cannot be used (embedded null byte)"),
        ("sqlite:///a\ud800", "cannot be used"),
        ("sqlite://?timeout=soon", "cannot be used"),
        pytest.param("9" * 5000 + "://x", "99…", id="long"),
    ],
)
def test_an_invalid_address_is_refused(url: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_storage(url)
    assert expected in str(caught.value) and "secret" not in str(caught.value)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500


def test_passwords_are_not_shown() -> None:
    assert shown("postgresql://me:secret@host/x") == "postgresql://me:***@host/x"


DAMAGE = [
    "DELETE FROM trial_params",
    "UPDATE trial_user_attributes SET value_json = '{'",
    "UPDATE trial_user_attributes SET value_json = '\"high\"' WHERE key = 'nll'",
    "UPDATE trial_user_attributes SET value_json = '[1]' WHERE key = 'epochs'",
    "UPDATE trial_user_attributes SET value_json = '5' WHERE key = 'reason'",
    "DELETE FROM trial_user_attributes",
    "UPDATE trials SET state = 'NONSENSE'",
    "UPDATE trial_params SET distribution_json = '{}'",
    "UPDATE trial_params SET distribution_json = 'x' || char(0)",
    "UPDATE trial_params SET param_value = 1e308",
    "UPDATE trial_params SET param_value = 'text'",
    "UPDATE trial_params SET param_name = 'nonsense'",
    "DELETE FROM trial_values",
    "UPDATE trial_values SET value_type = 'x'",
    "UPDATE study_directions SET direction = 'x'",
    "UPDATE study_user_attributes SET value_json = '[[['",
    "UPDATE study_user_attributes SET value_json = '1'",
    "UPDATE alembic_version SET version_num = '../x'",
]


@pytest.fixture(scope="module")
def good_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with one finished trial."""
    path = tmp_path_factory.mktemp("study") / "study.db"
    storage = open_storage(f"sqlite:///{path}")
    study = optuna.create_study(storage=storage, study_name="s", direction="maximize")
    claim(study, BASE, SPACE, {}, tiny.Faces(1))
    trial = study.ask()
    suggest(trial, SPACE)
    for key, value in {"nll": 1.0, "epochs": 2, "seconds": 3.5, "reason": ""}.items():
        trial.set_user_attr(key, value)
    study.tell(trial, 0.5)
    storage.engine.dispose()
    return path


def read_study(path: Path) -> list[TrialRow]:
    url = f"sqlite:///{path}"
    with storage_errors(url), damaged_study(url):
        study = optuna.load_study(storage=open_storage(url), study_name="s")
        claim(study, BASE, SPACE, {}, tiny.Faces(1))
        return rows_of(study)


def test_a_good_study_can_be_read(good_study: Path) -> None:
    assert [row.params["widths"][1:] for row in read_study(good_study)] == [[8, 8, 8]]


@pytest.mark.parametrize("sql", DAMAGE)
def test_a_damaged_study_is_one_clear_line(tmp_path: Path, good_study: Path, sql: str) -> None:
    path = tmp_path / "study.db"
    path.write_bytes(good_study.read_bytes())
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(sql)
    with pytest.raises(MienError) as caught:
        read_study(path)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    "damage", [lambda b: b[: len(b) // 2], lambda b: b[:100] + bytes(5000), lambda b: b"x" * 5000]
)
def test_a_file_that_is_no_database(
    tmp_path: Path, good_study: Path, damage: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "study.db"
    path.write_bytes(damage(good_study.read_bytes()))
    with pytest.raises(MienError) as caught:
        read_study(path)
    assert "\n" not in str(caught.value)


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


def test_a_disk_that_fills_while_a_trial_ends_is_one_line(tmp_path: Path) -> None:
    """Optuna then raises an AssertionError, "Should not reach.", in place of the database's own."""
    url = f"sqlite:///{tmp_path / 'study.db'}"

    def end() -> None:
        try:
            raise OperationalError("UPDATE", {}, Exception("database or disk is full"))
        finally:
            raise AssertionError("Should not reach.")

    with (
        pytest.raises(MienError, match=r"failed \(database or disk is"),
        storage_errors(url),
    ):
        end()
    with pytest.raises(AssertionError), storage_errors(url):
        raise AssertionError("of another kind")
