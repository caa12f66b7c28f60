"""Fills a log with made-up weeks of a person, made of what was really recorded of that person.

Each window of a made-up day is one that was recorded, with the probabilities of happiness and
neutral exchanged where that is needed for the wanted share of the day with a smile. Days follow one
another as in ``mien monitor simulate``: they resemble their neighbours, and some are missing.
In the last days the person smiles less. ``docs/walkthrough.md`` uses it::

    python tools/demo_log.py demo.db anna --days 42 --changed 14
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, time, timedelta

import numpy as np

from mien.log import queries
from mien.log.database import Log
from mien.log.opening import open_log
from mien.log.schema import EXPRESSIONS
from mien.log.sessions import Setup, Source, begin_session, end_session
from mien.log.store import add_observations
from mien.log.times import HOUR_MS, MINUTE_MS, Zone, now_ms
from mien.log.windows import Observation
from mien.monitor.measures import MEASURES
from mien.monitor.simulation.series import World, draw

HOURS = (9, 11, 14, 17, 19)
"""Local hours of a day in which the person is seen."""
MINUTES = 6
"""Of each of them."""
USUAL, CHANGED, SPREAD = 0.15, 0.04, 0.05
"""Share of the time with a smile, before and after the change; standard deviation of a day's share,
on the scale on which it is charted."""


def recorded(log: Log, person: str) -> tuple[list[Observation], Setup]:
    """The usable windows that were recorded of a person, and their setup."""
    rows = queries.observations(log, person, 0, now_ms() + HOUR_MS)
    found = []
    for at in np.flatnonzero(rows.seconds["usable_s"] > 0):
        values = {name: float(each[at]) for name, each in rows.values.items()}
        known = {name: value for name, value in values.items() if not np.isnan(value)}
        usable_s = float(rows.seconds["usable_s"][at])
        full = log.window_s / usable_s
        found.append(
            Observation(
                int(rows.start_ms[at]), log.window_s, usable_s * full, usable_s * full,
                {name: known[name] for name in EXPRESSIONS if name in known},
                smiling=known.get("smiling"), expressivity=known.get("expressivity"),
                changes=round(known.get("changes_a_minute", 0.0) * log.window_s / 60),
                speaking=known.get("speaking"), size=known.get("size"), light=known.get("light"),
                yaw=known.get("yaw"), roll=known.get("roll"), others=known.get("others", 0.0),
            )
        )  # fmt: skip
    if not found:
        raise SystemExit(f"nothing usable was recorded of {person}: use 'mien log record' first")
    row = queries.setups(log)[int(rows.setup_id[-1])]
    setup = Setup(
        row.place, row.model, row.model_sha256, row.detector, row.detector_sha256,
        json.loads(row.settings),
    )  # fmt: skip
    return found, setup


def showing(one: Observation, smile: bool) -> Observation:
    """The window with happiness above neutral, or below, and a smile throughout, or none."""
    probs = dict(one.probs)
    happiness, neutral = probs["happiness"], probs["neutral"]
    if (happiness > neutral) is not smile:
        probs["happiness"], probs["neutral"] = neutral, happiness
    return replace(one, probs=probs, smiling=float(smile))


def day(
    windows: list[Observation], midnight_ms: int, window_s: float, share: float,
    random: np.random.Generator,
) -> Iterator[Observation]:  # fmt: skip
    """The windows of a day with a smile in ``share`` of them."""
    step = round(window_s * 1000)
    for hour in HOURS:
        start = midnight_ms + hour * HOUR_MS
        for number in range(MINUTES * MINUTE_MS // step):
            one = windows[int(random.integers(len(windows)))]
            one = showing(one, smile=bool(random.random() < share))
            yield replace(one, start_ms=start + number * step)


def fill(log: Log, person: str, days: int, changed: int, seed: int) -> int:
    """Add ``days`` days that end yesterday, the last of them changed; the number of windows."""
    windows, setup = recorded(log, person)
    random, zone = np.random.default_rng(seed), Zone()
    around = draw(World(), 1, days, random)[0]
    smiling = MEASURES["smiling"]
    level = np.where(np.arange(days) < days - changed, USUAL, CHANGED)
    shares = smiling.uncharted(smiling.charted(level) + SPREAD * around)
    today, count = zone.local(now_ms()).date(), 0
    with log.write() as connection:
        for number, share in enumerate(shares):
            if np.isnan(share):
                continue
            date = today - timedelta(days - number)
            midnight = zone.utc_ms(datetime.combine(date, time(0)))
            made = list(day(windows, midnight, log.window_s, float(share), random))
            source = Source("import", f"made-up day {date}", time_from="given")
            session = begin_session(
                connection, source, setup, {person: None}, made[0].start_ms, zone
            )
            (whom,) = session.persons
            count += add_observations(connection, session.id, {whom: made}, zone)
            end_ms = made[-1].start_ms + round(log.window_s * 1000)
            end_session(connection, session.id, session.persons, end_ms)
    return count


def main() -> None:
    """Fill the log that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("log")
    parser.add_argument("person")
    parser.add_argument("--days", type=int, default=42)
    parser.add_argument("--changed", type=int, default=14, help="how many of them are changed")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with open_log(given.log) as log:
        count = fill(log, given.person, given.days, given.changed, given.seed)
    print(f"{count:,} windows of {given.days} days, the last {given.changed} of them changed")


if __name__ == "__main__":
    main()
