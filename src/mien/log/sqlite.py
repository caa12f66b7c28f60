"""Logs in one file: SQLite, or SQLCipher where a key is given."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event

from mien.errors import ConfigError, LogError, OutputError
from mien.extras import require_extra
from mien.files import check_writable, output_error
from mien.log.schema import APPLICATION_ID
from mien.reading import open_file

BUSY_S = 30.0
"""Seconds to wait while another process writes."""
WRITES = "mien_writes"
"""The execution option of a connection that will write."""
_HEAD = b"SQLite format 3\0"


def sqlite_engine(path: Path, key: str | None) -> Engine:
    """An engine for the file. ``key``: of SQLCipher. Raises ``MissingExtraError``."""
    module: Any = sqlite3
    if key is not None:
        require_extra("encryption", "an encrypted log")
        import sqlcipher3.dbapi2 as module

    def connect() -> Any:
        connection = module.connect(
            str(path), timeout=BUSY_S, isolation_level=None, check_same_thread=False
        )
        try:
            if key is not None:
                connection.execute("PRAGMA cipher_log_level = NONE")  # errors are raised anyway
                quoted = key.replace("'", "''")
                connection.execute(f"PRAGMA key = '{quoted}'")
            prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    engine = create_engine("sqlite:///" + str(path), module=module, creator=connect)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads first and writes later could fail in between: it takes the lock
        # at once.
        writes = connection.get_execution_options().get(WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def is_encrypted(engine: Engine) -> bool:
    """Whether ``sqlite_engine`` got a key. The file itself must not be opened to look."""
    plain: Any = sqlite3
    return engine.dialect.dbapi is not plain


def prepare(connection: Any) -> None:
    """Set what SQLite forgets with each connection, and write-ahead logging."""
    for pragma in (
        "secure_delete = ON",  # deleted rows are overwritten with zeros
        "foreign_keys = ON",
        "synchronous = FULL",  # a window that was written survives a power cut
        "journal_mode = WAL",  # readers and a writer do not wait for each other
        "temp_store = MEMORY",  # nothing of a person in temporary files
    ):
        connection.execute(f"PRAGMA {pragma}").fetchall()


def make_file(path: Path) -> None:
    """Make an empty file that only its owner may read; an empty one is taken as it is.

    Raises ``OutputError``.
    """
    check_writable(path)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        if not _is_unused(path):
            raise OutputError(
                f"cannot make the log {str(path)!r}: there is a file of this name; give another"
            ) from None
        path.chmod(0o600)
    except OSError as error:
        raise output_error(repr(str(path)), error) from error


def _is_unused(path: Path) -> bool:
    """Whether a file is empty, or what 'mien log create' leaves when it is killed."""
    if not path.is_file() or path.is_symlink():
        return False
    if not path.stat().st_size:
        return True
    with suppress(sqlite3.Error):
        connection = sqlite3.connect(f"file:{path.absolute()}?mode=ro", uri=True)
        try:
            return not connection.execute("SELECT 1 FROM sqlite_master").fetchone() and (
                connection.execute("PRAGMA application_id").fetchone() == (0,)
            )
        finally:
            connection.close()
    return False


_held: Counter[tuple[int, int]] = Counter()


def hold(path: Path) -> tuple[int, int]:
    """Note that this process has the file open; ``release`` takes what comes back."""
    status = path.stat()
    key = status.st_dev, status.st_ino
    _held[key] += 1
    return key


def release(key: tuple[int, int] | None) -> None:
    """Note that it was closed; ``None`` is a log on a server."""
    if key is not None:
        _held[key] -= 1


def check_file(path: Path, encrypted: bool) -> None:
    """Raise ``LogError`` for a file that is missing, not SQLite, or readable without the key.

    One that this process has open is not looked into: to close any file drops all locks that the
    process has on it, and other processes would then remove SQLite's write-ahead log under it.
    """
    with suppress(OSError, ValueError):
        status = path.stat()
        if _held[status.st_dev, status.st_ino] > 0:
            return
    try:
        with open_file(path) as file:
            head = file.read(len(_HEAD))
    except FileNotFoundError:
        raise LogError(f"there is no log {str(path)!r}: make one with 'mien log create'") from None
    except OSError as error:
        reason = error.strerror or os.strerror(error.errno or errno.EIO)
        raise LogError(f"cannot open the log {str(path)!r} ({reason}): give its file") from None
    if not encrypted and head != _HEAD:
        raise LogError(
            f"{str(path)!r} is not a log, or it is encrypted: give its file, and its key in "
            "MIEN_LOG_KEY or --key-file"
        )
    if encrypted and head == _HEAD:
        raise ConfigError(f"{str(path)!r} is not encrypted: leave out the key")


def mark(connection: Connection) -> None:
    """Mark the file as a log of Mien, within the transaction that makes it."""
    connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
