"""``mien log`` as people type it; what it stores is tested in tests/log."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy", reason="needs the 'log' extra")
pytest.importorskip("alembic", reason="needs the 'log' extra")

from tests.support import clips
from tests.support.commands import mien

Output = pytest.CaptureFixture[str]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MIEN_LOG", raising=False)
    monkeypatch.delenv("MIEN_LOG_KEY", raising=False)
    return tmp_path


def test_from_the_first_command_to_the_last(place: Path, capsys: Output) -> None:
    clips.write_face(place / "clip.avi", frames=24, rate=2)
    record = ("log", "record", "clip.avi", "--person", "anna", "--start", "2026-11-01T10:00")
    assert mien("log", "info") == 1
    assert (
        "there is no log 'mien-log.db': make one with 'mien log create'" in capsys.readouterr().err
    )
    assert mien("log", "create") == 0
    assert mien("log", "create") == 1
    assert mien(*record) == 1
    assert "no person 'anna' is enrolled: there are no persons" in capsys.readouterr().err
    assert mien("log", "person", "add", "anna") == 0
    assert mien(*record) == 1
    assert "there is no consent" in capsys.readouterr().err
    consent = ("--by", "Anna", "--for", "a test", "--until", "2099-01-01")
    assert mien("log", "person", "consent", "anna", *consent) == 0
    assert mien(*record, "-q") == 0
    assert capsys.readouterr().err == ""
    assert mien(*record) == 1
    assert "is recorded already" in capsys.readouterr().err

    assert mien("log", "info", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["observations"] == 2 and facts["persons"] == 1 and facts["readings"] == 0
    assert mien("log", "person", "list") == 0
    assert "anna" in capsys.readouterr().out
    assert mien("log", "export", "anna", "--what", "observations") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["watched_s"] for line in lines] == [10, 2] and lines[0]["seen_s"] > 8

    assert mien("log", "backup", "copy.db") == 0
    assert mien("log", "verify") == 0
    head = capsys.readouterr().out.split()[-1]
    assert mien("log", "person", "withdraw", "anna") == 0
    assert mien("log", "prune", "--keep", "observations=5000", "--rewrite") == 0
    capsys.readouterr()
    assert mien("log", "erase", "anna", "--yes", "--json") == 0
    certificate = json.loads(capsys.readouterr().out)
    assert certificate["removed"]["observations"] == 2
    assert mien("log", "verify", "--head", head) == 0
    assert mien("log", "verify", "--head", "0" * 64) == 1
    assert mien("log", "person", "list", "--log", "copy.db") == 0
    assert b"anna" not in Path("mien-log.db").read_bytes()


def test_erasing_asks_first(place: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    assert mien("log", "create") == mien("log", "person", "add", "anna") == 0
    monkeypatch.setattr("click.confirm", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    assert mien("log", "erase", "anna") == 130
    monkeypatch.setattr("click.confirm", lambda *_, **__: False)
    assert mien("log", "erase", "anna") == 1
    assert "nothing was removed" in capsys.readouterr().err
    assert mien("log", "person", "list") == 0
    assert "anna" in capsys.readouterr().out


def test_what_is_proposed_next_names_the_same_log(
    place: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = ("--log", "my log.db")
    assert mien("log", "create", *log) == 0
    assert capsys.readouterr().out.endswith("person add PSEUDONYM --log 'my log.db'\n")
    assert mien("log", "person", "list", *log) == 0
    assert capsys.readouterr().out.startswith("no persons are enrolled; next: mien log person add")
    monkeypatch.setenv("MIEN_LOG", "my log.db")
    assert mien("log", "person", "add", "anna") == 0
    assert capsys.readouterr().out.endswith("--by WHO --for WHAT\n")


def test_the_log_and_its_key_by_the_environment(
    place: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("sqlcipher3", reason="needs the 'encryption' extra")
    monkeypatch.setenv("MIEN_LOG", "mine.db")
    monkeypatch.setenv("MIEN_LOG_KEY", "secret")
    assert mien("log", "create") == 0
    assert not Path("mine.db").read_bytes().startswith(b"SQLite")
    monkeypatch.delenv("MIEN_LOG_KEY")
    assert mien("log", "info") == 1
    assert "is encrypted" in capsys.readouterr().err
    Path("key").write_text("secret\n")
    assert mien("log", "info", "--key-file", "key") == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--keep", "readings"), "is not how long something is kept"),
        (("--keep", "reading=3"), "did you mean 'readings'"),
        (("--window", "7"), "does not divide a quarter of an hour"),
        (("--key-file", "nothing"), "cannot read the key"),
    ],
)
def test_usage(place: Path, capsys: Output, arguments: tuple[str, ...], says: str) -> None:
    assert mien("log", "create", *arguments) == 2
    assert says in capsys.readouterr().err
