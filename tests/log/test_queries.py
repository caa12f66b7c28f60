"""The hourly means against NumPy over the observations, and what is asked of them."""

from __future__ import annotations

import random

import numpy as np
import pytest

from mien.log import queries
from mien.log.database import Log
from mien.log.store import add_rows, observation_row
from mien.log.times import DAY_MS, HOUR_MS, Zone
from mien.log.windows import Observation
from tests.support.logs import START_MS, frames, record, rows


def scattered(log: Log, count: int = 300) -> None:
    """Random observations over four days, some of which say nothing of some measures."""
    record(log, frames(1), start_ms=START_MS - DAY_MS)
    chance, zone, made = random.Random(2), Zone("Europe/Berlin"), []
    for start in sorted(chance.sample(range(4 * 8640), count)):
        usable = chance.choice([0.0, 2.5, 10.0])
        known = usable > 0
        probs = {"happiness": chance.random() * 0.5, "fear": 0.25, "pain": 0.1}
        moment = START_MS + start * 10_000
        one = Observation(
            moment, 10.0, max(usable, 5.0), usable, probs if known else {},
            smiling=chance.random() if known else None, changes=chance.randrange(5),
            size=chance.random() * 100, light=None if chance.random() < 0.3 else 0.5,
            expressivity=chance.random() / 10 if known else None, others=chance.random(),
        )  # fmt: skip
        made.append(observation_row(1, 1, one, zone.offset_min(moment)))
    with log.write() as connection:
        for part in (made[: count // 2], made[count // 2 :]):
            add_rows(connection, part)


def test_hours_are_the_means_of_their_observations(any_log: Log) -> None:
    scattered(any_log)
    hours = queries.hours(any_log, "anna")
    seen = queries.observations(any_log, "anna", START_MS, START_MS + 9 * DAY_MS)
    assert len(seen) == 300 and len(hours) > 60
    local = seen.start_ms + seen.offset_min * 60_000
    for row in range(1, len(hours)):
        inside = (local // DAY_MS == hours.day[row]) & (local // HOUR_MS % 24 == hours.hour[row])
        for name in queries.SECONDS:
            assert hours.seconds[name][row] == pytest.approx(seen.seconds[name][inside].sum())
        for name in ("happiness", "smiling", "expressivity", "size", "light", "others"):
            values = seen.values[name][inside]
            weights = seen.seconds[queries.weight_of(name)][inside]
            known = np.isfinite(values) & (weights > 0)
            expected = np.average(values[known], weights=weights[known]) if known.any() else np.nan
            assert hours.values[name][row] == pytest.approx(expected, nan_ok=True, rel=1e-6), name


def test_days_are_the_hours_with_their_seconds(log: Log) -> None:
    scattered(log)
    hours, days = queries.hours(log, "anna"), queries.days(log, "anna")
    for row in range(len(days)):
        inside = hours.day == days.day[row]
        usable = hours.seconds["usable_s"][inside]
        assert days.seconds["usable_s"][row] == pytest.approx(usable.sum())
        smiling = hours.values["smiling"][inside]
        known = np.isfinite(smiling)
        assert days.values["smiling"][row] == pytest.approx(
            np.average(smiling[known], weights=usable[known])
        )
    only = queries.merge_hours(hours, np.isin(hours.hour, [9, 10]))
    assert only.seconds["watched_s"].sum() < days.seconds["watched_s"].sum()
    some = queries.days(log, "anna", int(days.day[1]), int(days.day[2]))
    assert list(some.day) == [days.day[1], days.day[2]]


def test_what_has_no_column_is_kept_beside(log: Log) -> None:
    scattered(log, 3)
    assert {row["other_probs"] for row in rows(log, "observations")} <= {None, '{"pain": 0.1}'}


def test_other_questions(any_log: Log) -> None:
    assert queries.last_seen(any_log, "anna") is None and queries.last_window(any_log) is None
    assert len(queries.days(any_log, "anna")) == 0
    record(any_log, frames(25))
    assert queries.last_seen(any_log, "anna") == queries.last_window(any_log) == START_MS + 20_000
    assert [one.pseudonym for one in queries.persons(any_log)] == ["anna", "ben"]
    assert queries.setups(any_log)[1].place == "room"
    assert queries.gaps(any_log, "anna", 0, START_MS * 2) == []
    assert queries.counts(any_log)["observations"] == 3
