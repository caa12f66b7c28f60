"""What is erased is in no file any more; the audit trail stays valid."""

from __future__ import annotations

import sqlite3
import struct
from contextlib import closing
from pathlib import Path

import pytest

from mien.errors import InputError, LogError
from mien.log import audit, persons, times
from mien.log.backup import back_up
from mien.log.database import Log
from mien.log.erasing import erase, rewrite
from mien.log.exporting import export
from mien.log.opening import open_log
from mien.log.sessions import Setup, Source
from mien.log.shown import Region
from mien.log.verifying import verify
from mien.monitor.alerts.alert_rows import save, set_judged
from mien.monitor.alerts.delivery import Message
from mien.monitor.alerts.outbox import queue
from mien.monitor.alerts.state import Alert, Change, State
from mien.monitor.rules.delivery_targets import StandardOutput
from tests.support.logs import START_MS, frames, reading, record, recording, result, rows

ALERT_TABLES = ("alerts", "judged", "messages", "message_alerts", "outbox")
SECRETS = (
    b"zelda", b"her niece", b"quilting", b"zelda_monday.mp4", b"room 17", b"smiled oddly",
    b"Eva was told",
)  # fmt: skip


def fill(log: Log) -> list[bytes]:
    """A person with a name, words, a source and values that are nobody else's."""
    persons.add_person(log, "zelda")
    persons.give_consent(log, "zelda", "her niece", "quilting")
    record(
        log, frames(100, rate=2, expression="disgust", prob=0.6789), persons={"zelda": None},
        source=Source("video", "zelda_monday.mp4"), setup=Setup("room 17"),
    )  # fmt: skip
    record(log, frames(30, rate=2), start_ms=START_MS + 86_400_000)
    alert_about(log, "zelda")
    starts = [row["start_ms"] for row in rows(log, "observations") if row["disgust"] == 0.6789]
    assert len(starts) == 10
    # As SQLite stores them: the begin of each window in 48 bits, the probability in 16.
    return [struct.pack(">q", start)[2:] for start in starts]  # type: ignore[arg-type]


def alert_about(log: Log, name: str) -> None:
    """An open alert, and a message about it that no target has yet."""
    now = times.moment(START_MS)
    steps = (Change(State.OPEN, now, "mien", "Eva was told"),)
    alert = Alert("smiles", name, State.OPEN, now, "smiled oddly", steps)
    with log.write() as connection:
        person = persons.find_person(connection, name)
        stored = save(connection, None, alert, {name: person.id})
        assert stored is not None
        set_judged(connection, person.id, "smiles", 20_000)
        message = Message(name, (alert,), False, False)
        queue(connection, message, [stored], person.id, (StandardOutput(name="out"),), now)


def every_byte(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


def test_no_byte_is_left_in_any_file(log: Log, tmp_path: Path) -> None:
    stored = fill(log)
    before = every_byte(tmp_path)
    assert all(secret in before for secret in (*SECRETS, *stored))
    with log.read() as connection:
        token = persons.find_person(connection, "zelda").token
    certificate = erase(log, "zelda")
    for moment in ("open", "closed"):
        after = every_byte(tmp_path)
        assert not [secret for secret in (*SECRETS, *stored) if secret in after], moment
        log.close()
    assert certificate.token == token
    assert certificate.removed["observations"] == 10 and certificate.removed["persons"] == 1
    assert certificate.removed["sessions"] == certificate.removed["setups"] == 1
    assert "zelda" not in "\n".join(certificate.lines())
    found = verify(log)
    assert found.problems == () and found.head == certificate.hash
    assert len(rows(log, "observations")) == 3  # anna's
    assert not any(rows(log, table) for table in ALERT_TABLES)
    with log.read() as connection:
        assert [entry.action for entry in audit.entries(connection, token)][-1] == "erase"


def test_the_write_ahead_log_is_emptied(log: Log, path: Path) -> None:
    fill(log)
    erase(log, "zelda")
    assert (path.parent / f"{path.name}-wal").stat().st_size == 0


def test_the_same_on_a_server(server_log: Log) -> None:
    fill(server_log)
    certificate = erase(server_log, "zelda")
    assert not any(rows(server_log, table) for table in ALERT_TABLES)
    assert certificate.removed["observations"] == 10
    assert verify(server_log).problems == ()
    assert {row["pseudonym"] for row in rows(server_log, "persons")} == {"anna", "ben"}


def test_a_session_of_several_persons_stays_for_the_others(any_log: Log) -> None:
    regions = {"anna": Region(0, 0, 0.5, 1), "ben": Region(0.5, 0, 1, 1)}
    stream = [result(n / 2, reading(at=20), reading(at=250, track=2)) for n in range(20)]
    record(any_log, stream, persons=regions)
    removed = erase(any_log, "anna").removed
    assert removed["sessions"] == 0 and removed["observations"] == 1
    assert len(rows(any_log, "sessions")) == len(rows(any_log, "observations")) == 1
    erase(any_log, "ben")
    assert not rows(any_log, "sessions") and not rows(any_log, "setups")
    assert verify(any_log).problems == ()


def test_copies_are_named(log: Log, tmp_path: Path) -> None:
    export(log, "anna", str(tmp_path / "anna.csv"), "csv")
    back_up(log, tmp_path / "copy.db")
    copies = erase(log, "anna").copies
    assert [copy.split(" on ")[0] for copy in copies] == ["exported", "backed up"]


def test_a_reader_in_the_way_is_named_and_the_work_is_finished_later(
    log: Log, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mien.log.sqlite.BUSY_S", 0.1)
    log.engine.dispose()
    fill(log)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM observations").fetchone()
        with open_log(path) as other, pytest.raises(LogError, match="prune --rewrite"):
            erase(other, "zelda")
    rewrite(log)
    assert b"zelda" not in every_byte(path.parent)


def test_an_unknown_person(log: Log) -> None:
    with pytest.raises(InputError, match="did you mean 'anna'"):
        erase(log, "annna")


def test_recording_again_needs_a_new_enrolment(log: Log) -> None:
    record(log, frames(1))
    erase(log, "anna")
    with pytest.raises(InputError, match="no person 'anna' is enrolled"):
        record(log, frames(1))
    assert recording().persons == {"anna": None}
