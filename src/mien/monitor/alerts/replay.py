"""``mien.monitor.backtest`` over a log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo

from mien.errors import ConfigError
from mien.log import queries
from mien.log.database import Log
from mien.log.reading import note_reading
from mien.monitor.backtest import Backtest, backtest
from mien.monitor.from_log import person_days
from mien.monitor.local_time import day_number, local_day
from mien.monitor.rules.config import Rules


def replay(
    log: Log, rules: Rules, where: tzinfo | None, now: datetime, names: Sequence[str] = (),
    first: date | None = None, last: date | None = None,
) -> Backtest:  # fmt: skip
    """What ``rules`` would have sent about persons (default: all) up to yesterday.

    Raises ``InputError`` for an unknown person and ``ConfigError`` where nothing was recorded.
    """
    chosen = names or [one.pseudonym for one in queries.persons(log)]
    yesterday = local_day(now, where) - timedelta(1)
    days = {}
    for name in chosen:
        note_reading(log, name, "alerts backtest")
        days[name] = person_days(log, name, day_number(yesterday))
    if not any(len(each.day) for each in days.values()):
        raise ConfigError("there is nothing to replay: no complete day was recorded")
    return backtest(rules, days, where, first=first, last=last)
