"""``mien alerts`` as people type it; what it does is tested in tests/monitor/alerts."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sqlalchemy", reason="needs the 'log' extra")
pytest.importorskip("alembic", reason="needs the 'log' extra")

from mien.log.opening import create_log
from mien.log.persons import add_person, give_consent
from tests.support.commands import mien
from tests.support.log_days import add_days, shares

Output = pytest.CaptureFixture[str]
DAYS = 40


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Anna smiled less in the last ten days up to yesterday."""
    path = tmp_path_factory.mktemp("alerts") / "log.db"
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    smiling = np.where(np.arange(DAYS) < DAYS - 10, shares(DAYS), 0.03)
    with create_log(path) as log:
        add_person(log, "anna")
        give_consent(log, "anna", "Anna", "a test")
        add_days(log, "anna", smiling, first=today - timedelta(DAYS))
    return path


@pytest.fixture
def place(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copy(made, tmp_path / "log.db")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MIEN_LOG", "log.db")
    (tmp_path / "rules.toml").write_text(
        "[delivery]\nquiet = ''\n"
        "[[rule]]\nname = 'smiles'\nkind = 'ewma'\nmeasure = 'smiling'\n"
        "[[target]]\nname = 'out'\nkind = 'output'\n"
        "[[target]]\nname = 'file'\nkind = 'file'\npath = 'messages.jsonl'\n"
    )
    return tmp_path


def test_from_a_backtest_to_feedback(place: Path, capsys: Output) -> None:
    of = ("--rules", "rules.toml", "--timezone", "UTC")
    assert mien("alerts", "backtest", *of, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["says"] == "would have warned once in 40 days" and len(found["messages"]) == 1
    rules = (place / "rules.toml").read_text()
    other = rules.replace("kind = 'ewma'", "kind = 'ewma'\npersons = ['ana']")
    (place / "other.toml").write_text(other)
    assert mien("alerts", "check", "--rules", "other.toml", "--no-send") == 0
    assert "names 'ana', who is not enrolled: did you mean 'anna'" in capsys.readouterr().err
    assert mien("alerts", "check", *of, "--no-send") == 0
    assert capsys.readouterr().out == ""
    assert mien("alerts", "check", *of) == 0
    shown, told = capsys.readouterr()
    assert shown.count("anna: smiles: smiled 3 % of the time, usually 15 %") == 1
    assert "1 person checked; 2 sent, 0 failed" in told
    assert mien("alerts", "check", *of) == 0
    assert capsys.readouterr().out == ""
    assert len((place / "messages.jsonl").read_text().splitlines()) == 1
    assert mien("alerts", "ack", 1, "--by", "Eva", "--note", "looked in") == 0
    judged = ("feedback", 1, "useful", "--by", "Eva", "--note", "her hip hurt")
    assert mien("alerts", *judged) == 0
    assert mien("alerts", "resolve", 1, "--by", "Eva", "--why", "a visit") == 0
    capsys.readouterr()
    assert mien("alerts", "list") == 0
    shown = capsys.readouterr().out
    assert shown.startswith("no alert is open") and "smiles: 1 of 1 alerts were useful" in shown
    assert mien("alerts", "list", "--all", "--json") == 0
    row = json.loads(capsys.readouterr().out)
    assert row["state"] == "resolved" and row["history"][-1]["why"] == "a visit"
    assert row["feedback_note"] == "her hip hurt"
    assert mien("alerts", "list", "--all") == 0
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("looked", "visit", "hip"))
    assert mien("log", "verify") == 0
    assert mien("log", "export", "anna", "--what", "alerts", "--what", "messages") == 0
    tables = [json.loads(line)["table"] for line in capsys.readouterr().out.splitlines()[-2:]]
    assert tables == ["alerts", "messages"]


def test_a_target_that_fails_is_named(place: Path, capsys: Output) -> None:
    rules = place / "rules.toml"
    rules.write_text(rules.read_text().replace("messages.jsonl", "no/folder"))
    assert mien("alerts", "send-test", "--rules", "rules.toml") == 1
    shown, error = capsys.readouterr()
    assert "this is a test" in shown and "the target 'file' failed (No such file" in error
    assert mien("alerts", "check", "--rules", "rules.toml", "--timezone", "UTC") == 1


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("ack", "7"), 1, "there is no alert 7"),
        (("backtest", "--person", "ana"), 1, "did you mean 'anna'"),
        (("check", "--rules", "no.toml"), 2, "cannot read the rules no.toml"),
        (("backtest", "--from", "2026-07-02", "--to", "2026-07-01"), 2, "comes before 2026-07-02"),
        (("backtest", "--from", "2100-01-01"), 2, "no day was recorded in the time asked for"),
        (("check", "--timezone", "Mars"), 2, "unknown time zone 'Mars'"),
    ],
)
def test_errors_take_one_line(
    arguments: tuple[str, ...], status: int, says: str, place: Path, capsys: Output
) -> None:
    assert mien("alerts", *arguments) == status
    error = capsys.readouterr().err
    assert says in error and error.count("\n") == 1
