from __future__ import annotations

import pytest

from mien.errors import ConfigError, NotFoundError
from mien.log.database import Log
from mien.log.exporting import rows_of
from mien.log.observation_pages import observation_page
from mien.log.persons import find_person
from tests.support.logs import START_MS, frames, record

FAR = START_MS + 10**9


def test_the_pages_together_are_the_export(any_log: Log) -> None:
    record(any_log, frames(65))
    with any_log.read() as connection:
        whole = list(rows_of(connection, find_person(connection, "anna"), "observations"))
    found, cursor = [], None
    for _ in range(10):
        page = observation_page(any_log, "anna", 0, FAR, limit=3, cursor=cursor)
        assert len(page.rows) <= 3
        found += page.rows
        cursor = page.cursor
        if cursor is None:
            break
    assert found == whole and len(whole) == 7


def test_only_the_time_asked_for(log: Log) -> None:
    record(log, frames(65))
    page = observation_page(log, "anna", START_MS + 10_000, START_MS + 30_000, limit=9)
    assert len(page.rows) == 2 and page.cursor is None
    assert observation_page(log, "ben", 0, FAR, limit=9).rows == []
    with pytest.raises(NotFoundError):
        observation_page(log, "carl", 0, FAR, limit=9)
    for wrong in ("", "1", "1.2.3", "²1.1", "9" * 30 + ".1"):
        with pytest.raises(ConfigError, match="is not a cursor"):
            observation_page(log, "anna", 0, FAR, limit=9, cursor=wrong)
