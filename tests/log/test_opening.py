"""Files that are made, opened, foreign, damaged, encrypted, or of another version."""

from __future__ import annotations

import io
import lzma
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from mien.errors import ConfigError, LogError, OutputError
from mien.log.database import Log
from mien.log.exporting import export
from mien.log.migrating import upgrade, versions
from mien.log.opening import create_log, open_log, read_key
from mien.log.reading import list_persons
from mien.log.retention import kept_days
from mien.log.schema import METADATA, VERSION_TABLE
from mien.log.summary import summarise
from mien.log.verifying import verify
from tests.support.before import FOLDER
from tests.support.logs import frames, record, rows

OF_VERSION_1 = (
    "persons", "consents", "setups", "sessions", "session_persons", "gaps", "observations",
    "readings", "hours", "audit",
)  # fmt: skip


OF_VERSION_2 = (*OF_VERSION_1, "alerts", "judged", "messages", "message_alerts", "outbox")
ALL_OF = {1: OF_VERSION_1, 2: OF_VERSION_2, 3: OF_VERSION_2}
"""The tables of each earlier version."""


def differences(log: Log) -> list[object]:
    """Alembic's own comparison of a database and ``METADATA``."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    options = {"version_table": VERSION_TABLE, "compare_type": True}
    with log.read() as connection:
        found: list[object] = compare_metadata(
            MigrationContext.configure(connection, opts=options), METADATA
        )
        return found


def test_migrations_give_the_tables_of_the_schema(any_log: Log) -> None:
    assert differences(any_log) == []


@pytest.mark.parametrize("version", versions())
def test_a_log_of_each_version_is_brought_to_this_one(
    version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mien.log.opening.upgrade", lambda connection: upgrade(connection, version))
    create_log(tmp_path / "log.db").close()
    monkeypatch.undo()
    with open_log(tmp_path / "log.db") as log:
        assert differences(log) == []


@pytest.mark.parametrize(("number", "observations"), [(1, 103), (2, 300), (3, 190)])
def test_a_file_of_each_version_is_brought_to_this_one(
    number: int, observations: int, tmp_path: Path
) -> None:
    path = tmp_path / "log.db"
    path.write_bytes(lzma.decompress((FOLDER / f"log_v{number}.db.xz").read_bytes()))
    with closing(sqlite3.connect(path)) as file:
        version = file.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()
        before = {name: file.execute(f"SELECT * FROM {name}").fetchall() for name in ALL_OF[number]}
    assert version == (versions()[number - 1],)
    assert len(before["observations"]) == observations and before["audit"] and before["hours"]
    with open_log(path) as log:
        assert differences(log) == [] and verify(log).problems == ()
        with log.read() as connection:
            assert kept_days(connection)["alerts"] == 400
            assert kept_days(connection)["pictures"] == 21
    with closing(sqlite3.connect(path)) as file:
        for name, rows_before in before.items():
            found = file.execute(f"SELECT * FROM {name}").fetchall()  # new columns come last
            assert len(found) == len(rows_before)
            for row, old in zip(found, rows_before, strict=True):
                assert row[: len(old)] == old


def test_a_step_that_fails_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(connection: object) -> None:
        connection.exec_driver_sql("DROP TABLE gaps")  # type: ignore[attr-defined]
        raise LogError("no")

    with closing(sqlite3.connect(path)) as file, file:
        file.execute(f"UPDATE {VERSION_TABLE} SET version_num = 'v0'")
    monkeypatch.setattr("mien.log.migrating.versions", lambda: ["v0", *versions()])
    monkeypatch.setattr("mien.log.opening.upgrade", fail)
    with pytest.raises(LogError, match="no"):
        open_log(path)
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("SELECT count(*) FROM gaps").fetchone() == (0,)


def test_only_the_owner_may_read(path: Path, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with create_log(tmp_path / "open.db") as log:
            record_something(log)
            for file in tmp_path.glob("open.db*"):
                assert file.stat().st_mode & 0o777 == 0o600, file
            assert len(list(tmp_path.glob("open.db*"))) == 3  # with its write-ahead log
    finally:
        os.umask(before)


def record_something(log: Log) -> None:
    from tests.log.conftest import enrol

    enrol(log)
    record(log, frames(1), start_ms=now() - 60_000)


def now() -> int:
    from mien.log.times import now_ms

    return now_ms()


def foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as file:
        file.execute("CREATE TABLE persons (id INTEGER)")


def newer(path: Path) -> None:
    create_log(path).close()
    with closing(sqlite3.connect(path)) as file, file:
        file.execute(f"UPDATE {VERSION_TABLE} SET version_num = 'v9_next'")


def damaged(path: Path) -> None:
    create_log(path).close()
    data = bytearray(path.read_bytes())
    data[100:4096] = os.urandom(3996)
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: None, "there is no log"),
        (lambda path: path.mkdir(), "cannot open the log"),
        (lambda path: os.mkfifo(path), "named pipe"),
        (lambda path: path.write_bytes(b""), "is not a log, or it is encrypted"),
        (lambda path: path.write_bytes(os.urandom(9000)), "is not a log, or it is encrypted"),
        (foreign, "is another database, not a log"),
        (newer, "has the version 'v9_next'"),
        (damaged, "cannot be used"),
        (lambda path: path.write_bytes(b"SQLite format 3\0" + bytes(5000)), "cannot be used"),
    ],
)
def test_what_is_no_log_gives_one_line(make: object, says: str, tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    make(path)  # type: ignore[operator]
    with pytest.raises(LogError, match=says) as error:
        open_log(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "change",
    [
        "log_settings SET value = 'x'",
        "consents SET purpose = CAST(x'FFFE' AS TEXT)",
        "consents SET given_ms = 'x', until_ms = 'x'",
        "audit SET details = '['",
        "audit SET time_ms = 4611686018427387904",
        "observations SET start_ms = -4611686018427387904",
    ],
)
def test_rows_that_nobody_can_have_written_give_one_line(path: Path, change: str) -> None:
    with open_log(path) as log:
        record(log, frames(5))
    with closing(sqlite3.connect(path)) as file, file:
        file.execute(f"UPDATE {change}")
    with pytest.raises(LogError, match="cannot be used") as error, open_log(path) as log:
        list_persons(log)
        summarise(log)
        export(log, "anna", io.StringIO(), "jsonl")
    assert "\n" not in str(error.value)


def test_nothing_is_overwritten(path: Path, tmp_path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(OutputError, match="there is a file of this name"):
        create_log(path)
    assert path.read_bytes() == before
    with pytest.raises(OutputError, match="there is no folder"):
        create_log(tmp_path / "nowhere" / "log.db")
    (tmp_path / "empty.db").touch()
    create_log(tmp_path / "empty.db").close()


@pytest.mark.parametrize("window", [0, 7, 901, -10])
def test_windows_divide_a_quarter_of_an_hour(window: int, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not divide"):
        create_log(tmp_path / "log.db", window_s=window)
    assert not (tmp_path / "log.db").exists()


def test_an_encrypted_log(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("sqlcipher3", reason="needs the 'encryption' extra")
    path, key = tmp_path / "log.db", "it's a key"
    with create_log(path, key=key) as log:
        record_something(log)
        every = b"".join(file.read_bytes() for file in tmp_path.iterdir())
        assert b"anna" not in every and b"SQLite" not in every
    with open_log(path, key=key) as log:
        assert len(rows(log, "observations")) == 1 and verify(log).problems == ()
    for wrong, says in ((None, "is encrypted"), ("another", "key is wrong")):
        with pytest.raises(LogError, match=says):
            open_log(path, key=wrong)
    assert capfd.readouterr().err == ""  # SQLCipher prints lines of its own unless told not to
    with create_log(tmp_path / "plain.db"):
        pass
    with pytest.raises(ConfigError, match="is not encrypted"):
        open_log(tmp_path / "plain.db", key=key)


def test_the_key_comes_from_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MIEN_LOG_KEY", raising=False)
    assert read_key() is None
    monkeypatch.setenv("MIEN_LOG_KEY", "secret")
    assert read_key() == "secret"
    file = tmp_path / "key"
    file.write_text("other\n")
    assert read_key(str(file)) == "other"
    for content in (b"", b"a\nb", b"\xff", b"a\0"):
        file.write_bytes(content)
        with pytest.raises(ConfigError, match="key"):
            read_key(str(file))


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("mysql://user:secret@host/x", "is not a log: give a file"),
        ("postgresql://user:secret@host:x/y", "is not an address"),
    ],
)
def test_wrong_addresses_show_no_password(address: str, says: str) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(ConfigError, match=says) as error:
        open_log(address)
    assert "secret" not in str(error.value)


def test_a_server_that_does_not_answer(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(LogError, match="check that the server runs") as error:
        open_log(f"postgresql://user:secret@/x?host={tmp_path}")
    assert "secret" not in str(error.value)


def test_a_log_on_a_server_is_made_once(server_log: Log) -> None:
    address = server_log.engine.url.render_as_string(hide_password=False)
    address = address.replace("+psycopg", "")
    with pytest.raises(LogError, match="has a log already"):
        create_log(address)
    with open_log(address) as again, again.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM persons")).scalar() == 2
