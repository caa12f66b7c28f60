"""``mien trends`` as people type it; what it says is tested in tests/monitor/test_trends.py."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy", reason="needs the 'log' extra")
pytest.importorskip("alembic", reason="needs the 'log' extra")

from mien.log import audit
from mien.log.opening import create_log, open_log
from mien.log.persons import add_person, give_consent
from tests.support.commands import mien
from tests.support.log_days import FIRST, add_days, shares

Output = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("trends") / "log.db"
    smiling = shares(40)
    smiling[30:] = 0.03
    with create_log(path, keep_days={"observations": None}) as log:
        add_person(log, "anna")
        give_consent(log, "anna", "Anna", "a test")
        add_days(log, "anna", smiling)
    return path


@pytest.fixture
def path(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MIEN_LOG", "log.db")
    return Path(shutil.copy(made, tmp_path / "log.db"))


def test_a_table_json_and_a_figure(path: Path, capsys: Output) -> None:
    assert mien("trends", "anna") == 0
    shown = capsys.readouterr().out
    assert "seen 2.5 hours" in shown and "◆ smiled 3 % of the time, usually 15 %" in shown
    assert "◆ smiling changed: since 2026-07-" in shown
    assert "recognises nobody by the face" in shown
    assert mien("trends", "anna", "--from", "2026-06-20", "--to", "2026-06-24", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [day["day"] for day in found["days"]] == [f"2026-06-2{n}" for n in range(5)]
    pytest.importorskip("matplotlib")
    assert mien("trends", "anna", "--measure", "smiling", "--figure", "a.png") == 0
    assert (path.parent / "a.png").read_bytes().startswith(b"\x89PNG")


def test_each_look_is_in_the_audit_trail(path: Path, capsys: Output) -> None:
    mien("trends", "anna")
    mien("trends", "anna", "--json")
    with open_log(path) as log, log.read() as connection:
        last = list(audit.entries(connection))[-2:]
        assert [(one.action, one.details) for one in last] == [("read", {"what": "trends"})] * 2
        assert last[0].token is not None and audit.broken(connection) is None


def test_a_figure_without_a_value_is_not_drawn(path: Path, capsys: Output) -> None:
    pytest.importorskip("matplotlib")
    with open_log(path) as log:
        add_days(log, "anna", shares(3), minutes=0, first=FIRST + timedelta(days=60))
    days = ("--from", "2026-07-31", "--to", "2026-08-02", "--measure", "smiling")
    assert mien("trends", "anna", *days, "--figure", "anna.png") == 1
    shown, error = capsys.readouterr()
    assert "no statement" in shown and error.count("\n") == 1
    assert "no day from 2026-07-31 to 2026-08-02 has a value" in error
    assert not (path.parent / "anna.png").exists()


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("ana",), 1, "did you mean 'anna'"),
        (("anna", "--measure", "smile"), 2, "did you mean 'smiling'"),
        (("anna", "--from", "2026-07-02", "--to", "2026-07-01"), 2, "comes before 2026-07-02"),
        (("anna", "--from", "monday"), 2, "--from 'monday' is not a day"),
        (("anna", "--figure", "a.gif"), 2, "its name must end in"),
        (("anna", "--rules", "no.toml"), 2, "cannot read the rules no.toml"),
    ],
)
def test_errors_take_one_line(
    arguments: tuple[str, ...], status: int, says: str, path: Path, capsys: Output
) -> None:
    if "--figure" in arguments:
        pytest.importorskip("matplotlib")
    assert mien("trends", *arguments) == status
    error = capsys.readouterr().err
    assert says in error and error.count("\n") == 1
