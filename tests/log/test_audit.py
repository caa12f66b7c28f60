from __future__ import annotations

import getpass
import hashlib
import json

import pytest
from sqlalchemy import delete, text, update

from mien.log import audit
from mien.log.database import Log
from mien.log.schema import AUDIT, HOURS
from mien.log.verifying import verify
from tests.support.logs import frames, record, rows


def test_the_chain_is_sha256_of_all_before(log: Log) -> None:
    before = "0" * 64
    for row in rows(log, "audit"):
        fields = [row[column.name] for column in AUDIT.columns if column.name != "hash"]
        before = hashlib.sha256(json.dumps([before, *fields]).encode()).hexdigest()
        assert row["hash"] == before
    assert verify(log).head == before


@pytest.mark.parametrize(
    "forge",
    [
        update(AUDIT).where(AUDIT.c.number == 3).values(actor="nobody"),
        update(AUDIT).where(AUDIT.c.number == 3).values(token=None),
        delete(AUDIT).where(AUDIT.c.number == 3),
        update(AUDIT).where(AUDIT.c.number == 5).values(number=6),
    ],
)
def test_what_was_changed_is_found(log: Log, forge: object) -> None:
    assert verify(log).problems == ()
    with log.write() as connection:
        connection.execute(forge)  # type: ignore[call-overload]
    (problem,) = verify(log).problems
    assert "audit trail was changed at entry" in problem


def test_an_end_that_is_cut_off_is_found_by_the_hash(log: Log) -> None:
    head = verify(log).head
    assert verify(log, head).problems == ()
    with log.write() as connection:
        connection.execute(delete(AUDIT).where(AUDIT.c.number == 5))
    assert verify(log).problems == ()
    assert "its end was cut off" in verify(log, head).problems[0]


def test_other_damage_is_found(log: Log) -> None:
    record(log, frames(15))
    with log.write() as connection:
        connection.execute(update(HOURS).values(usable_s=1.0))
    assert verify(log).problems == ("1 hours do not fit the 2 observations",)
    with log.bare() as driver:
        driver.execute("PRAGMA foreign_keys = OFF")  # type: ignore[call-overload]
        driver.execute("DELETE FROM sessions")  # type: ignore[call-overload]
    assert any("refer to rows that are missing" in one for one in verify(log).problems)


def test_what_is_recorded_is_in_the_trail_without_names(any_log: Log) -> None:
    record(any_log, frames(1))
    with any_log.read() as connection:
        found = list(audit.entries(connection))
        assert [one.action for one in found] == [
            "create", "enrol", "consent", "enrol", "consent", "record",
        ]  # fmt: skip
        stored = connection.execute(text("SELECT details FROM audit")).scalars().all()
    assert "anna" not in "".join(stored)
    assert found[-1].token == found[1].token and found[1].token != found[3].token


def test_whoever_acts_through_a_server_is_named(log: Log) -> None:
    with audit.acting_as("nurse desk 2"), log.write() as connection:
        audit.add(connection, "read", {"what": "trends"})
    with log.write() as connection:
        audit.add(connection, "read", {"what": "trends"})
    *_, first, second = (row["actor"] for row in rows(log, "audit"))
    assert first == "nurse desk 2" and second == getpass.getuser()
    assert verify(log).problems == ()
