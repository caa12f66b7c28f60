"""One process at a time writes a folder; who is killed holds nothing back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from mien.errors import ConfigError
from mien.files import output_error

LOCK = ".lock"
"""The file in the folder that is held; it tells the process."""


def lock(folder: Path) -> BinaryIO | None:
    """Hold ``folder`` until the file is closed or the process ends, in whatever way it does.

    ``None`` where the system has no such locks. Raises ``ConfigError`` where another process holds
    it, ``OutputError`` where it cannot be written to.
    """
    try:
        import fcntl
    except ImportError:
        return None
    try:
        file = (folder / LOCK).open("a+b")
    except OSError as error:
        raise output_error(repr(str(folder)), error) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        process = file.read().decode(errors="replace")
        file.close()
        raise ConfigError(
            f"process {process} is packing into {folder} at this moment: wait for it, or give "
            "another folder"
        ) from None
    except OSError:  # a file system without locks
        file.close()
        return None
    file.truncate(0)
    file.write(str(os.getpid()).encode())
    file.flush()
    return file
