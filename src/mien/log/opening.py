"""Makes and opens logs: a file, or a PostgreSQL database by its address."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Engine, create_engine, insert, inspect, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from mien.errors import ConfigError, LogError, one_line
from mien.extras import require_extra
from mien.log import audit, sqlite
from mien.log.database import WINDOW_S, Log, is_address, shown
from mien.log.migrating import check_version, upgrade, version_of
from mien.log.retention import DEFAULTS, check_days
from mien.log.schema import METADATA, SETTINGS
from mien.log.times import now_ms
from mien.reading import read_file

KEY, LOG = "MIEN_LOG_KEY", "MIEN_LOG"
"""Environment variables: the key of an encrypted log, and the log that commands use."""
_MOST_WINDOW_S = 900


def create_log(
    target: str | Path,
    *,
    window_s: int = WINDOW_S,
    keep_days: Mapping[str, float | None] | None = None,
    key: str | None = None,
) -> Log:
    """A new log at a path, or in an empty PostgreSQL database at ``postgresql://…``.

    ``window_s``: seconds of an observation, a divisor of 900, so that windows never cross an hour
    of any time zone. ``keep_days``: for how long each kind of data is kept
    (``mien.log.retention.DEFAULTS``). ``key`` encrypts the file with SQLCipher. Only the owner may
    read the file. Raises ``OutputError``, ``LogError``, ``ConfigError`` and ``MissingExtraError``.
    """
    require_extra("log", "a log")
    if not 1 <= window_s <= _MOST_WINDOW_S or _MOST_WINDOW_S % window_s:
        raise ConfigError(
            f"a window of {window_s} s does not divide a quarter of an hour: give 5, 10, 15, 30 …"
        )
    days = {**DEFAULTS, **check_days(keep_days or {})}
    engine, file = _engine(target, key, new=True)
    log = Log(engine, shown(target), file)
    log.encrypted = key is not None
    values = {"window_s": str(window_s), "created_ms": str(now_ms())}
    values |= {f"keep_{kind}_days": str(value or "") for kind, value in days.items()}
    try:
        with log.write() as connection:
            if set(inspect(connection).get_table_names()) & set(METADATA.tables):
                raise LogError(f"{log.name} has a log already, or tables of the same names")
            upgrade(connection)
            if file is not None:
                sqlite.mark(connection)
            rows = [{"name": name, "value": value} for name, value in values.items()]
            connection.execute(insert(SETTINGS), rows)
            audit.add(connection, "create", {"window_s": window_s})
    except BaseException:
        log.close()
        raise
    log.window_s = window_s
    return log


def open_log(target: str | Path, *, key: str | None = None) -> Log:
    """The log at a path or an address; one of an earlier version of Mien is brought to this one.

    Raises ``LogError`` for what is missing, damaged, of a newer version or not a log, and
    ``ConfigError`` for a wrong address or key.
    """
    require_extra("log", "a log")
    engine, file = _engine(target, key, new=False)
    log = Log(engine, shown(target), file)
    log.encrypted = key is not None
    try:
        with log.read() as connection:
            current = check_version(log.name, version_of(connection))
        if not current:
            with log.write() as connection:
                if not check_version(log.name, version_of(connection)):  # another did it meanwhile
                    upgrade(connection)
        with log.read() as connection:
            query = select(SETTINGS.c.value).where(SETTINGS.c.name == "window_s")
            log.window_s = int(connection.execute(query).scalar_one())
    except BaseException:
        log.close()
        raise
    return log


def read_key(file: str | None = None) -> str | None:
    """The key in ``file`` or in the environment variable ``MIEN_LOG_KEY``; ``None`` without.

    Raises ``ConfigError``.
    """
    if file is None:
        return os.environ.get(KEY) or None
    try:
        key = read_file(file, 4096, pipes=True).decode().strip("\r\n")
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read the key in {file!r} ({one_line(error)})") from None
    if not key or "\0" in key or "\n" in key:
        raise ConfigError(f"the file {file!r} holds no key: expected one line of text")
    return key


def _engine(target: str | Path, key: str | None, *, new: bool) -> tuple[Engine, Path | None]:
    if is_address(target):
        return _postgresql(str(target), key), None
    path = Path(target)
    if new:
        sqlite.make_file(path)
    else:
        sqlite.check_file(path, encrypted=key is not None)
    return sqlite.sqlite_engine(path, key), path


def _postgresql(address: str, key: str | None) -> Engine:
    if key is not None:
        raise ConfigError("a key encrypts a log in a file: encrypt the server's disk instead")
    scheme, _, rest = address.partition("://")
    if scheme not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise ConfigError(f"{shown(address)} is not a log: give a file, or postgresql://…")
    require_extra("postgres", "a log on a PostgreSQL server")
    try:
        url = make_url(f"postgresql+psycopg://{rest}")
        return create_engine(url, connect_args={"connect_timeout": 10})
    except (ArgumentError, ValueError) as error:
        raise ConfigError(f"{shown(address)} is not an address ({one_line(error)})") from None
