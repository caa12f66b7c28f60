"""Sessions by number: listed, and removed with all that they brought."""

from __future__ import annotations

from pathlib import Path

import pytest

from mien.errors import InputError
from mien.log import audit
from mien.log.database import Log
from mien.log.session_rows import list_sessions, remove_session
from mien.log.sessions import Setup, Source
from mien.log.shown import Region
from mien.log.times import HOUR_MS
from mien.log.verifying import verify
from tests.support.logs import START_MS, frames, reading, record, result, rows

TABLES = ("observations", "hours", "readings", "gaps", "setups")


def kept(log: Log) -> dict[str, object]:
    return {table: rows(log, table) for table in TABLES}


def test_what_remains_is_as_if_it_had_not_been_recorded(any_log: Log) -> None:
    record(any_log, frames(40, rate=2))
    before = kept(any_log)
    # In the same hour, with another start; and in the next one, in another room.
    wrong = [result(n / 2, reading("fear")) for n in (*range(50), *range(100, 150))]
    record(any_log, wrong, start_ms=START_MS + 60_000, source=Source("video", "secret_clip.mp4"))
    record(
        any_log, frames(30, rate=2), start_ms=START_MS + HOUR_MS, setup=Setup("the wrong room"),
    )  # fmt: skip
    assert len(rows(any_log, "hours")) == 2
    removed = remove_session(any_log, 2)
    assert removed["observations"] == 6 and removed["gaps"] == 1
    remove_session(any_log, 3)
    assert kept(any_log) == before
    assert verify(any_log).problems == ()
    with any_log.read() as connection:
        actions = [entry.action for entry in audit.entries(connection)]
    assert actions[-2:] == ["remove", "remove"]


def test_no_byte_of_it_is_left(log: Log, tmp_path: Path) -> None:
    source = Source("video", "secret_clip.mp4", "ab" * 32)
    record(log, frames(20, rate=2), source=source, resumes=True)
    remove_session(log, 1)
    found = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"secret_clip" not in found
    record(log, frames(20, rate=2), source=source, resumes=True)  # as if for the first time


def test_of_several_persons(log: Log) -> None:
    regions = {"anna": Region(0, 0, 0.5, 1), "ben": Region(0.5, 0, 1, 1)}
    record(
        log, [result(n / 2, reading(at=20), reading(at=250)) for n in range(30)], persons=regions
    )
    (one,) = list_sessions(log)
    assert one["persons"] == ["anna", "ben"] and one["windows"] == 4
    assert one["start"] == "2026-09-21T16:13:20+02:00" and one["place"] == "room"
    assert list_sessions(log, "ben") == [one]
    remove_session(log, 1)
    assert list_sessions(log) == [] and not rows(log, "hours")
    with log.read() as connection:
        tokens = [entry.token for entry in audit.entries(connection) if entry.action == "remove"]
    assert len(set(tokens)) == 2


def test_what_cannot_be_removed(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="there is no session 7: 'mien log sessions'"):
        remove_session(log, 7)
    record(log, frames(20, rate=2))
    with log.write() as connection:
        connection.exec_driver_sql("UPDATE sessions SET end_ms = NULL")
    monkeypatch.setattr("mien.log.session_rows.now_ms", lambda: START_MS + 60_000)
    with pytest.raises(InputError, match="is being recorded"):
        remove_session(log, 1)
    assert len(rows(log, "observations")) == 2
    monkeypatch.setattr("mien.log.session_rows.now_ms", lambda: START_MS + HOUR_MS)
    remove_session(log, 1)
