"""The database that holds a study: SQLite beside the results, or any that SQLAlchemy can reach."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from optuna import Study
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial
from sqlalchemy import Connection, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, OperationalError

from mien.errors import ConfigError, InputError

HEARTBEAT = 10
"""Seconds between two signs of life of a process that runs a trial."""
GRACE = 60
"""Seconds without one until its trial is given to somebody else."""
LOCKED = 60  # seconds to wait while another process writes to SQLite
_ATTEMPTS = 5


def open_storage(url: str, on_stale: Callable[[Study, FrozenTrial], None]) -> RDBStorage:
    """The database at ``url``, its tables made where they are missing.

    ``on_stale`` is called once for every trial whose process is gone. Raises ``ConfigError`` where
    the address is none or needs a driver, ``InputError`` where what is there is no such database;
    what SQLAlchemy raises where it does not answer.
    """
    try:
        sqlite = make_url(url).get_backend_name() == "sqlite"
        for attempt in range(_ATTEMPTS):
            try:
                storage = RDBStorage(
                    url,
                    engine_kwargs={"connect_args": {"timeout": LOCKED}} if sqlite else None,
                    heartbeat_interval=HEARTBEAT,
                    grace_period=GRACE,
                    heartbeat_stale_trial_callback=on_stale,
                )
                break
            except (IntegrityError, OperationalError) as error:
                # Two processes that start at once both make the tables.
                made = isinstance(error, IntegrityError) or "already exists" in str(error)
                if attempt + 1 == _ATTEMPTS or not made:
                    raise
                time.sleep(0.3)
    except ImportError as error:
        reason = str(error.__cause__ or error)
        raise ConfigError(
            f"the database {shown(url)} needs a driver that is not installed ({reason}): "
            "install it with pip"
        ) from None
    except ArgumentError as error:
        raise ConfigError(
            f"{url.partition('://')[0]!r} starts no database address that is known ({error}): "
            "expected sqlite:///FILE, postgresql://…, mysql://…"
        ) from None
    except RuntimeError as error:  # tables of another version of Optuna
        raise InputError(f"the database {shown(url)}: {str(error).splitlines()[0]}") from None
    if sqlite:
        _one_writer(storage)
    return storage


def shown(url: str) -> str:
    """``url`` for people, without its password."""
    try:
        return make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return "of --storage"


def _one_writer(storage: RDBStorage) -> None:
    """Let every transaction lock SQLite from its beginning.

    Optuna locks the rows that it is about to change, which SQLite cannot: two processes could take
    the same waiting trial. So they take turns; transactions last milliseconds.
    """

    @event.listens_for(storage.engine, "connect")
    def connected(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # else Python's driver begins by itself, too late

    @event.listens_for(storage.engine, "begin")
    def begun(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    storage.engine.dispose()  # connections made before this know nothing of it
