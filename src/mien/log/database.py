"""An open log: its transactions, and errors of the database in plain words."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from mien.errors import LogError, MienError, OutputError, one_line
from mien.files import Closing
from mien.log import sqlite

WINDOW_S = 10
"""Seconds of an observation, unless the log was made with others."""


class Log(Closing):
    """An open log. ``create_log`` and ``open_log`` make it; threads may share it."""

    def __init__(self, engine: Engine, name: str, file: Path | None) -> None:
        self.engine = engine
        self.name = name
        """As messages call it, without passwords."""
        self.file = file
        """``None`` for a server."""
        self.window_s = WINDOW_S
        """Seconds of an observation."""
        self.encrypted = False
        """Whether the file is."""
        held = None if file is None else sqlite.hold(file)
        self._release = weakref.finalize(self, sqlite.release, held)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one moment of the log. Raises ``LogError``."""
        with explained(self.name), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that changes the log as a whole or not at all.

        Raises ``LogError``, and ``OutputError`` on a full disk.
        """
        with explained(self.name), self.engine.connect() as connection:
            connection = connection.execution_options(**{sqlite.WRITES: True})
            with connection.begin():
                yield connection

    @contextmanager
    def bare(self) -> Iterator[Connection]:
        """A connection without a transaction, for ``VACUUM`` and the like."""
        with explained(self.name):
            engine = self.engine
            if self.file is None:
                engine = engine.execution_options(isolation_level="AUTOCOMMIT")
                with engine.connect() as connection:
                    yield connection
            else:
                raw = engine.raw_connection()
                try:
                    yield raw.driver_connection  # type: ignore[misc]  # the driver's own
                finally:
                    raw.close()

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()
        self._release()


def shown(target: str | Path) -> str:
    """The name of a log in messages, without a password."""
    if not is_address(target):
        return repr(str(target))
    try:
        return make_url(str(target)).render_as_string(hide_password=True)
    except (ArgumentError, ValueError):
        return f"{str(target).partition('://')[0]}://…"


def is_address(target: str | Path) -> bool:
    """Whether a log is on a server."""
    return isinstance(target, str) and "://" in target


@contextmanager
def explained(name: str) -> Iterator[None]:
    """Raise errors of the database as ``LogError`` or ``OutputError``, on one line."""
    try:
        yield
    except DBAPIError as error:
        raise _explain(name, error.orig or error) from error
    except SQLAlchemyError as error:
        raise LogError(f"the log {name} cannot be used ({one_line(error)})") from error
    except MienError:
        raise
    except (ValueError, TypeError, ArithmeticError) as error:  # SQLite stores anything anywhere
        raise LogError(
            f"the log {name} cannot be used ({one_line(error)}): if 'mien log verify' finds "
            "damage, restore a backup; if not, this is a fault of Mien: report it"
        ) from error
    except Exception as error:
        if type(error).__module__.partition(".")[0] in ("sqlite3", "sqlcipher3"):
            raise _explain(name, error) from error
        raise


def _explain(name: str, error: BaseException) -> LogError | OutputError:
    reason = one_line(error)
    for part, message in _REASONS.items():
        if part in reason:
            full = part in _FULL
            return OutputError(f"cannot write the log {name} ({reason}): {message}") if full else (
                LogError(f"the log {name} cannot be used ({reason}): {message}")
            )  # fmt: skip
    return LogError(f"the log {name} cannot be used ({reason})")


_FULL = ("disk is full", "No space left", "disk I/O error", "readonly database", "unable to open")
_REASONS = {
    "disk is full": "free some space",
    "No space left": "free some space",
    "disk I/O error": "check the disk, and the space on it",
    "readonly database": "change its permissions",
    "unable to open": "check its folder and permissions",
    "locked": "another process writes to it for long; try again",
    "not a database": "it is damaged, or the key is wrong",
    "malformed": "it is damaged; restore a backup",
    "password": "check user and password, which PGPASSWORD or ~/.pgpass may hold",
    "onnection": "check that the server runs and takes connections",
}
