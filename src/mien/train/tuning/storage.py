"""The database that holds a search: SQLite beside the results, or any that SQLAlchemy can reach."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

from optuna import Study
from optuna.exceptions import OptunaError, StorageInternalError
from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback, fail_stale_trials
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Connection, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, OperationalError, SQLAlchemyError

from mien.errors import ConfigError, InputError, MienError, brief, one_line

HEARTBEAT = 10
"""Seconds between two heartbeats of a process that runs a trial."""
GRACE = 60
"""Seconds without a heartbeat after which a trial is run again elsewhere."""
MAX_RETRIES = 2
"""How often a trial whose process died is run again; it may be the cause, for lack of memory."""
LOCKED = 60  # seconds to wait while another process writes to SQLite


def open_storage(url: str) -> RDBStorage:
    """The database at ``url``; makes its tables where they are missing.

    Optuna queues the trials of dead processes again, with their settings. Raises ``ConfigError``
    for an invalid address or a missing driver, ``InputError`` for tables of another
    version of Optuna, and SQLAlchemy's errors if the database does not answer or is damaged.
    """
    try:
        sqlite = make_url(url).get_backend_name() == "sqlite"
        storage = _connect(url, sqlite)
    except ImportError as error:
        reason = str(error.__cause__ or error)
        raise ConfigError(
            f"the database {shown(url)} needs a driver that is not installed ({reason}): "
            "install it with pip"
        ) from None
    except ArgumentError as error:
        # Without "://" the whole text could be an address with a password.
        kind = brief(url.partition("://")[0]) if "://" in url else "--storage"
        raise ConfigError(
            f"{kind} is not a known kind of database ({one_line(error)}): expected "
            "sqlite:///FILE, postgresql://…, mysql://…"
        ) from None
    except SQLAlchemyError:
        raise
    except RuntimeError as error:
        raise InputError(f"the database {shown(url)}: {one_line(error)}") from None
    except Exception as error:  # noqa: BLE001 - drivers raise anything for a wrong address
        raise ConfigError(
            f"the database {shown(url)} cannot be used ({one_line(error)}): check the address"
        ) from None
    if sqlite:
        # Optuna locks single rows, which SQLite cannot: two processes could take the same waiting
        # trial. So every transaction locks the whole file from its beginning.
        @event.listens_for(storage.engine, "begin")
        def lock(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return storage


def _connect(url: str, sqlite: bool, attempts: int = 5) -> RDBStorage:
    # isolation_level: keeps Python's driver from beginning transactions itself, which is too late.
    arguments: dict[str, Any] = {"timeout": LOCKED, "isolation_level": None} if sqlite else {}
    try:
        return RDBStorage(
            url,
            engine_kwargs={"connect_args": arguments},
            heartbeat_interval=HEARTBEAT,
            grace_period=GRACE,
            heartbeat_stale_trial_callback=RetryHeartbeatStaleTrialCallback(MAX_RETRIES),
        )
    except (IntegrityError, OperationalError) as error:
        # Two processes that start at the same time both make the tables.
        made = isinstance(error, IntegrityError) or "already exists" in str(error)
        if attempts == 1 or not made:
            raise
    time.sleep(0.3)
    return _connect(url, sqlite, attempts - 1)


def retry_dead(study: Study, storage: RDBStorage, running: list[FrozenTrial]) -> None:
    """Queue again those of the ``running`` trials of ``storage`` whose process is dead."""
    fail_stale_trials(study)
    for trial in running:
        # A process that dies before its first heartbeat never becomes stale.
        began = trial.datetime_start
        if (
            began
            and datetime.now() - began > timedelta(seconds=GRACE)
            and not _has_heartbeat(storage, trial)
        ):
            with suppress(ValueError, OptunaError):  # the trial has just ended
                study.tell(trial.number, state=TrialState.FAIL)
                RetryHeartbeatStaleTrialCallback(MAX_RETRIES)(study, trial)


def _has_heartbeat(storage: RDBStorage, trial: FrozenTrial) -> bool:
    beats = text("SELECT 1 FROM trial_heartbeats WHERE trial_id = :trial")
    with storage.engine.connect() as connection:
        found = connection.execute(beats, {"trial": trial._trial_id}).first()
        connection.rollback()  # SQLite's lock
    return found is not None


def retry_interrupted(study: Study, number: int) -> None:
    """Queue an interrupted trial again, however often it is interrupted."""
    trial = study.trials[number]  # a copy
    trial.user_attrs.clear()
    trial.system_attrs.pop("retry_history", None)  # only deaths count
    RetryHeartbeatStaleTrialCallback()(study, trial)


def shown(url: str) -> str:
    """``url`` for people, without its password."""
    try:
        return make_url(url).render_as_string(hide_password=True)
    except (ArgumentError, ValueError):
        return "of --storage"


@contextmanager
def storage_errors(url: str) -> Iterator[None]:
    """Turn the database's errors into an ``InputError`` of one line."""
    try:
        yield
    except (SQLAlchemyError, StorageInternalError, AssertionError) as error:
        if isinstance(error, AssertionError):
            # Optuna's "Should not reach", where a trial's end cannot be stored, as on a full disk.
            if not isinstance(error.__context__, SQLAlchemyError | StorageInternalError):
                raise
            error = error.__context__
        cause = error.__cause__ or error
        reason = one_line(getattr(cause, "orig", None) or cause)
        raise InputError(
            f"the database {shown(url)} failed ({reason}): its content is kept; fix the cause and "
            "run the same command again"
        ) from error


@contextmanager
def damaged_study(url: str) -> Iterator[None]:
    """Turn what Optuna raises for impossible values in its tables into an ``InputError``."""
    try:
        yield
    except (MienError, SQLAlchemyError, StorageInternalError):
        raise
    except Exception as error:
        raise InputError(
            f"the search in the database {shown(url)} is damaged "
            f"({type(error).__name__}: {one_line(error)}): choose another --storage or --out"
        ) from error
