"""A copy of a log of one moment, while others may read and write it."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from mien.errors import ConfigError, OutputError
from mien.files import WholeFile, check_writable, output_error
from mien.log import audit
from mien.log.database import Log


def back_up(log: Log, output: str | Path, key: str | None = None) -> int:
    """Copy a log in a file to a new one that only its owner may read; its bytes.

    The copy of an encrypted log is encrypted with the same ``key``. It is noted in the audit trail
    of both. Raises ``OutputError``, and ``ConfigError`` for a log on a server.
    """
    if log.file is None:
        raise ConfigError(f"{log.name} is on a server: back it up with pg_dump")
    path = Path(output)
    check_writable(path)
    if path.exists():
        raise OutputError(f"cannot write {str(path)!r}: there is a file of this name; give another")
    with log.write() as connection:
        audit.add(connection, "backup", {})
    try:
        with WholeFile(path) as whole:
            os.fchmod(whole.file.fileno(), 0o600)
            _copy(log, whole.partial, key)
            whole.finish()
    except (OSError, ValueError) as error:
        if isinstance(error, OutputError):
            raise
        raise output_error(repr(str(path)), error) from error
    return path.stat().st_size


def _copy(log: Log, path: Path, key: str | None) -> None:
    module: Any = sqlite3
    if key is not None:
        import sqlcipher3.dbapi2 as module
    with log.bare() as source, closing(module.connect(str(path), isolation_level=None)) as copy:
        if key is not None:
            quoted = key.replace("'", "''")
            copy.execute(f"PRAGMA key = '{quoted}'")
        try:
            source.backup(copy)  # type: ignore[attr-defined]  # of the driver
            # Else SQLite would make two more files beside the copy when it is opened.
            copy.execute("PRAGMA journal_mode = DELETE").fetchall()
        except module.Error as error:
            full = "full" in str(error)
            raise OSError(errno.ENOSPC if full else errno.EIO, str(error)) from error
