"""For how long each kind of data is kept, and what removes it afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, exists, func, select, update

from mien.errors import ConfigError, did_you_mean
from mien.log import audit, pictures
from mien.log.alert_tables import ALERTS, MESSAGES
from mien.log.schema import AUDIT, GAPS, HOURS, OBSERVATIONS, PERSONS, READINGS, SESSIONS, SETTINGS
from mien.log.times import DAY_MS, now_ms

if TYPE_CHECKING:
    from mien.log.database import Log

_MOST_DAYS = 1_000_000  # the log's whole milliseconds can say that
MOST_SILENCE_DAYS = 31
"""Days since the log was last used, after which a recording does not prune by itself."""
DEFAULTS: dict[str, float | None] = {
    "readings": 7, "observations": 400, "hours": 1830, "alerts": 400, "pictures": 21,
}  # fmt: skip
"""Kind of data → days; ``None``: for as long as the person is enrolled. ``hours`` are the hourly
means, which trends need, ``alerts`` the resolved ones with the messages about them, and
``pictures`` those that were kept, long enough to give a new model its first baseline."""


def check_days(days: Mapping[str, float | None]) -> Mapping[str, float | None]:
    """``days`` as they are. Raises ``ConfigError`` for an unknown kind or a negative number."""
    for kind, value in days.items():
        if kind not in DEFAULTS:
            raise ConfigError(
                f"no kind of data is called {kind!r}: {did_you_mean(kind, DEFAULTS, 'kinds')}"
            )
        if value is not None and not 0 < value <= _MOST_DAYS:
            raise ConfigError(
                f"{kind} are kept for {value:g} days: give a number above 0, at most "
                f"{_MOST_DAYS:,}, or forever"
            )
    return days


def kept_days(connection: Connection) -> dict[str, float | None]:
    """For how many days each kind is kept."""
    rows = connection.execute(select(SETTINGS.c.name, SETTINGS.c.value))
    values = {row.name: row.value for row in rows}
    found = {kind: values.get(f"keep_{kind}_days", "") for kind in DEFAULTS}
    return {kind: float(value) if value else None for kind, value in found.items()}


def set_days(log: Log, days: Mapping[str, float | None]) -> None:
    """Change for how long kinds are kept. Raises ``ConfigError``."""
    check_days(days)
    with log.write() as connection:
        for kind, value in days.items():
            where = SETTINGS.c.name == f"keep_{kind}_days"
            connection.execute(update(SETTINGS).where(where).values(value=str(value or "")))
        audit.add(connection, "retention", dict(days))


def oldest_ms(connection: Connection, kind: str, now: int | None = None) -> int:
    """The moment from which data of a kind are kept: the begin of a day in UTC."""
    days = kept_days(connection)[kind]
    if days is None:
        return -(10**14)  # before any recording
    return ((now or now_ms()) - round(days * DAY_MS)) // DAY_MS * DAY_MS


def prune(log: Log, now: int | None = None) -> dict[str, int]:
    """Remove what is older than it is kept; kind → rows removed.

    Whole days are removed, and sessions of which nothing is left. ``now``: a moment in ms.
    """
    removed = {}
    with log.write() as connection:
        for kind, table, column in (
            ("readings", READINGS, READINGS.c.time_ms),
            ("observations", OBSERVATIONS, OBSERVATIONS.c.start_ms),
        ):
            oldest = oldest_ms(connection, kind, now)
            removed[kind] = connection.execute(delete(table).where(column < oldest)).rowcount
        day = oldest_ms(connection, "hours", now) // DAY_MS
        removed["hours"] = connection.execute(delete(HOURS).where(HOURS.c.day < day)).rowcount
        removed["alerts"] = _drop_alerts(connection, now)
        removed["sessions"] = _drop_empty_sessions(connection, now)
        known = (connection.execute(select(table.c.id)).scalars() for table in (PERSONS, SESSIONS))
        oldest = oldest_ms(connection, "pictures", now)
        removed["pictures"] = pictures.prune(log, oldest, *map(set, known))
        if any(removed.values()):
            audit.add(connection, "prune", removed)
    return removed


def last_entry_ms(connection: Connection) -> int:
    """When the newest entry of the audit trail was made, by the clock of that time."""
    found: int = connection.execute(select(func.max(AUDIT.c.time_ms))).scalar() or 0
    return found


def prune_unasked(log: Log, last_ms: int) -> dict[str, int]:
    """``prune``, unless the clock may be wrong: nothing is removed then.

    ``last_ms``: ``last_entry_ms`` before this recording began. A machine whose clock jumps ahead by
    years would remove all there is; 'mien log prune' does what it is asked for.
    """
    return prune(log) if 0 <= now_ms() - last_ms <= MOST_SILENCE_DAYS * DAY_MS else {}


def _drop_alerts(connection: Connection, now: int | None) -> int:
    """Remove old messages, and old alerts that are resolved."""
    oldest = oldest_ms(connection, "alerts", now)
    connection.execute(delete(MESSAGES).where(MESSAGES.c.made_ms < oldest))
    over = (ALERTS.c.state == "resolved", ALERTS.c.since_ms < oldest)
    return connection.execute(delete(ALERTS).where(*over)).rowcount


def _drop_empty_sessions(connection: Connection, now: int | None) -> int:
    """Remove ended sessions that are older than observations are kept and have none."""
    old = SESSIONS.c.end_ms < oldest_ms(connection, "observations", now)
    used = [
        exists().where(table.c.session_id == SESSIONS.c.id) for table in (OBSERVATIONS, READINGS)
    ]
    query = select(SESSIONS.c.id).where(old, *(~one for one in used))
    ids = list(connection.execute(query).scalars())
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        connection.execute(delete(GAPS).where(GAPS.c.session_id.in_(some)))
        connection.execute(delete(SESSIONS).where(SESSIONS.c.id.in_(some)))
    return len(ids)
