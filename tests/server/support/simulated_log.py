"""A log of made-up persons for tests and screenshots: every state a person can be in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from sqlalchemy import update

from mien.labels import AFFECTNET8
from mien.log.database import Log
from mien.log.opening import create_log
from mien.log.persons import add_person, find_person, give_consent, withdraw_consent
from mien.log.schema import CONSENTS, PERSONS
from mien.log.sessions import Setup, Source, begin_session
from mien.log.store import add_rows, observation_row
from mien.log.times import DAY_MS, HOUR_MS, Zone, now_ms
from mien.log.windows import Observation
from mien.monitor.alerts.answers import give_feedback, list_alerts, resolve
from mien.monitor.alerts.checking import check
from mien.monitor.rules.reading import load_rules

HOURS = (9, 11, 14, 17, 19)
"""UTC hours of a day in which a person is seen."""
SILENT = {8: -1.0, 9: -1.0, 23: 0.0, 31: 1.0, 52: 8.0, 66: -1.0}
"""Day → usable minutes of each hour; 0: the face is not seen, negative: the camera does not run."""
_OTHERS = {
    "neutral": 0.62, "sadness": 0.12, "surprise": 0.08, "anger": 0.06, "fear": 0.05,
    "disgust": 0.04, "contempt": 0.03,
}  # fmt: skip
assert {*_OTHERS, "happiness"} == set(AFFECTNET8)


def simulated_log(file: Path) -> Log:
    """A log with four persons; the days end yesterday.

    ``anna`` consents, and has smiled less for 16 days: an open alert. ``bert`` withdrew; his alert
    was resolved and was not useful. ``carla`` was enrolled only. ``dora``'s consent has ended.
    """
    log = create_log(file)
    for person in ("anna", "bert", "carla", "dora"):
        add_person(log, person)
    now = datetime.now(UTC)
    for person, given_by in (("anna", "anna herself"), ("bert", "bert"), ("dora", "her daughter")):
        give_consent(log, person, given_by, "to see early when help may be needed",
                     now_ms() + 365 * DAY_MS)  # fmt: skip
    _give_earlier(log, 400)
    levels = np.where(np.arange(72) < 72 - 16, 0.15, 0.04)
    add_days(log, "anna", levels, SILENT, moved=18, seed=1)
    add_days(log, "bert", np.where(np.arange(50) < 36, 0.20, 0.45), ended=20, seed=2)
    add_days(log, "dora", np.full(40, 0.10), {5: -1.0}, ended=30, seed=3)
    rules = load_rules()
    for back in (24, 20):
        check(log, rules, now - timedelta(days=back), UTC)
    for one in list_alerts(log)[0]:
        if one.alert.person == "bert":
            resolve(log, one.id, "nurse on duty", "his brother was visiting", now)
            give_feedback(log, one.id, False, "nurse on duty", now)
    withdraw_consent(log, "bert")
    _end(log, "dora")
    check(log, rules, now, UTC)
    return log


def add_days(
    log: Log, person: str, smiling: np.ndarray, silent: dict[int, float] | None = None, *,
    ended: int = 0, moved: int = 0, seed: int = 0,
) -> None:  # fmt: skip
    """A day for each value of ``smiling``; the last one ended ``ended`` days before today.

    ``moved``: the day from which another camera records.
    """
    random, zone = np.random.default_rng(seed), Zone("UTC")
    today = now_ms() // DAY_MS * DAY_MS
    first = today - (len(smiling) + ended) * DAY_MS
    shares = np.clip(random.normal(smiling, 0.02 + 0.1 * smiling), 0.0, 0.9)
    made: dict[int, list[tuple[int, float, float]]] = {0: [], 1: []}
    for day, share in enumerate(shares):
        usable = 60 * ((silent or {}).get(day, random.uniform(22, 34)))
        hours = HOURS[:1] if day == 52 and silent else HOURS if usable >= 0 else ()
        made[day >= moved > 0] += [
            (first + day * DAY_MS + hour * HOUR_MS, usable, share) for hour in hours
        ]
    for number, rows in made.items():
        if rows:
            _record(log, person, f"living room {number + 1}", rows, random, zone)


def _record(
    log: Log, person: str, place: str, rows: list[tuple[int, float, float]],
    random: np.random.Generator, zone: Zone,
) -> None:  # fmt: skip
    setup = Setup(place, "default", "", "yunet", "", {"smoothing_s": 0.5})
    with log.write() as connection:
        source = Source("import", f"simulated {place}", time_from="given")
        session = begin_session(connection, source, setup, {person: None}, rows[0][0], zone)
        (number,) = session.persons
        made = []
        for at, usable, share in rows:
            known = usable > 0
            one = Observation(
                at,
                3000.0,
                usable,
                usable,
                _probs(share, random) if known else {},
                smiling=float(share) if known else None,
                expressivity=float(random.normal(0.06 + 0.3 * share, 0.01)) if known else None,
                changes=int(usable * random.uniform(0.03, 0.06)) if known else None,
                speaking=float(random.uniform(0.05, 0.2)) if known else None,
            )
            made.append(observation_row(number, session.id, one, 0))
        add_rows(connection, made)


def _probs(share: float, random: np.random.Generator) -> dict[str, float]:
    happiness = min(0.95, share + 0.04)
    rest = {name: part * random.uniform(0.8, 1.2) for name, part in _OTHERS.items()}
    scale = (1 - happiness) / sum(rest.values())
    return {"happiness": happiness, **{name: part * scale for name, part in rest.items()}}


def _give_earlier(log: Log, days: int) -> None:
    """Date every consent and enrolment back."""
    with log.write() as connection:
        connection.execute(update(CONSENTS).values(given_ms=CONSENTS.c.given_ms - days * DAY_MS))
        connection.execute(
            update(PERSONS).values(enrolled_ms=PERSONS.c.enrolled_ms - days * DAY_MS)
        )


def _end(log: Log, person: str) -> None:
    """Let a consent end a week ago."""
    with log.write() as connection:
        number = find_person(connection, person).id
        connection.execute(
            update(CONSENTS)
            .where(CONSENTS.c.person_id == number)
            .values(until_ms=now_ms() - 7 * DAY_MS)
        )
