"""What a page is given of a person: as ``mien trends`` says it, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import pytest

pytest.importorskip("sqlalchemy", reason="needs the 'log' extra")
pytest.importorskip("alembic", reason="needs the 'log' extra")

from mien.errors import ConfigError, NotFoundError
from mien.log import audit
from mien.log.database import Log
from mien.log.opening import create_log
from mien.log.persons import add_person, give_consent
from mien.monitor.from_log import person_days
from mien.monitor.person_facts import person_facts, persons_facts
from mien.monitor.person_trends import LIMITS, person_trends
from mien.monitor.rules.reading import load_rules
from mien.monitor.trends import as_json, trends_of
from tests.support.log_days import FIRST, add_days, shares

DAYS = 40


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    path = tmp_path_factory.mktemp("pages") / "log.db"
    with create_log(path, keep_days={"observations": None, "hours": None}) as log:
        for name in ("anna", "ben"):
            add_person(log, name)
        give_consent(log, "anna", "anna", "a test")
        minutes = np.full(DAYS, 30.0)
        minutes[20] = 1.5
        add_days(log, "anna", shares(DAYS), minutes=minutes)
        later = FIRST + timedelta(DAYS)
        add_days(log, "anna", shares(3), setup="another room", first=later)
        yield log


def test_it_says_what_the_command_says(log: Log) -> None:
    found = json.loads(json.dumps(person_trends(log, "anna", load_rules()), allow_nan=False))
    command = as_json(trends_of("anna", person_days(log, "anna"), load_rules()))
    assert [day["date"] for day in found["days"]] == [day["day"] for day in command["days"]]
    for measure in found["measures"]:
        for mine, day in zip(measure["days"], command["days"], strict=True):
            theirs = day["measures"][measure["name"]]
            assert {name: mine[name] for name in theirs} == theirs
    assert found["changes"] == command["changes"] and found["limits"] == list(LIMITS)
    silent = next(day for day in found["days"] if day["date"] == "2026-06-21")
    assert silent["reason"] == "too_short" and silent["usable_s"] == 450


def test_the_baseline_is_that_of_the_last_day(log: Log) -> None:
    last = FIRST.date() + timedelta(DAYS - 1)
    found = person_trends(log, "anna", load_rules(), last=last)
    assert found["to"] == str(last) and found["recorded"]["first"] == str(FIRST.date())
    smiling = next(each for each in found["measures"] if each["name"] == "smiling")
    base, day = smiling["baseline"], smiling["days"][-1]
    assert (base["centre"], base["low"], base["high"]) == (day["usual"], day["low"], day["high"])
    assert base["low"] < 0.15 < base["high"] and smiling["unit"] == "share"
    newest = person_trends(log, "anna", load_rules())  # in another room, nothing is usual yet
    assert all(each["baseline"] is None for each in newest["measures"])


def test_somebody_without_days_has_an_empty_page(log: Log) -> None:
    found = person_trends(log, "ben", load_rules())
    assert found["measures"] == found["days"] == [] and found["recorded"] is None
    with pytest.raises(NotFoundError, match="did you mean 'anna'"):
        person_trends(log, "ana", load_rules())
    with pytest.raises(ConfigError, match="give one from 2026-06-01"):
        person_trends(log, "anna", load_rules(), first=date(2030, 1, 1))


def test_the_persons_and_how_far_their_baselines_are(log: Log) -> None:
    anna, ben = persons_facts(log)
    assert anna["consent"] == "in_force" and anna["last_seen"].startswith("2026-07-13")
    assert ben["last_seen"] is None and ben["consent"] == "none"
    facts = person_facts(log, "anna")
    assert {name: facts[name] for name in anna} == anna
    assert [one["given_by"] for one in facts["consents"]] == ["anna"]
    base = facts["baseline"]
    assert (base["days"], base["ready"]) == (3, False)  # the days since the new room
    assert base["since"] == "2026-07-11"
    assert person_facts(log, "ben")["baseline"]["days"] == 0


def test_whoever_looks_is_noted(log: Log) -> None:
    with log.read() as connection:
        before, _ = audit.head(connection)
    person_trends(log, "anna", load_rules())
    person_facts(log, "anna")
    persons_facts(log)
    with log.read() as connection:
        noted = [one for one in audit.entries(connection) if one.number > before]
    assert [one.details["what"] for one in noted] == [
        "trends", "the person", "the list of persons",
    ]  # fmt: skip
    assert noted[0].token == noted[1].token and noted[2].token is None
