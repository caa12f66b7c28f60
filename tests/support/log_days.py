"""Logs of many days: a row an hour, of what a made-up person showed."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from mien.log.database import Log
from mien.log.sessions import Setup, Source, begin_session
from mien.log.store import add_rows, observation_row
from mien.log.times import DAY_MS, HOUR_MS, MINUTE_MS, Zone
from mien.log.windows import Observation

FIRST = datetime(2026, 6, 1, tzinfo=UTC)
HOURS = (9, 11, 14, 17, 19)
"""Local hours of a day in which the person is seen."""


def add_days(
    log: Log, person: str, smiling: np.ndarray, *, minutes: np.ndarray | float = 30.0,
    setup: str = "room", first: datetime = FIRST,
) -> None:  # fmt: skip
    """A day for each value of ``smiling``, from midnight UTC of ``first`` on.

    ``minutes`` usable ones of each of ``HOURS``, in which the camera always runs; 0: nobody is
    seen; negative: the camera does not run. Happiness is 0.1 above ``smiling``.
    """
    zone = Zone("UTC")
    start = int(first.timestamp() * 1000)
    seconds = 60 * np.broadcast_to(np.asarray(minutes, float), smiling.shape)
    with log.write() as connection:
        source = Source("import", f"{person} {setup}")
        session = begin_session(connection, source, Setup(setup), {person: None}, start, zone)
        (number,) = session.persons
        made = []
        for day, (share, usable) in enumerate(zip(smiling, seconds, strict=True)):
            for hour in HOURS if usable >= 0 else ():
                at = start + day * DAY_MS + hour * HOUR_MS + 5 * MINUTE_MS
                known = usable > 0
                happy = min(1.0, share + 0.1)
                probs = {"happiness": happy, "neutral": 1 - happy} if known else {}
                one = Observation(
                    at, 3000.0, usable, usable, probs, smiling=float(share) if known else None,
                    expressivity=0.1 + 0.05 * float(share) if known else None,
                    changes=int(usable / 20) if known else None,
                )  # fmt: skip
                made.append(observation_row(number, session.id, one, 0))
        add_rows(connection, made)


def shares(days: int, usual: float = 0.15, seed: int = 0) -> np.ndarray:
    """Of smiling, around ``usual``, from 0 to 1."""
    random = np.random.default_rng(seed)
    return np.clip(random.normal(usual, 0.02, days), 0.0, 1.0)
