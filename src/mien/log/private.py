"""Files with personal data: only their owner may read them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MODE = 0o600


@contextmanager
def private(path: Path | None) -> Iterator[None]:
    """Make a file that is written within the block readable by its owner alone, from its begin.

    What is no regular file, such as a pipe, stays as it is; ``None`` does nothing.
    """
    if path is None:
        yield
        return
    with suppress(OSError):  # the writer says what is wrong
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, MODE))
    restrict(path)
    try:
        yield
    finally:
        restrict(path)  # a file that was replaced as a whole has another mode again


def restrict(path: Path) -> None:
    """Make a file readable by its owner alone, if it is a regular one."""
    with suppress(OSError):
        if stat.S_ISREG(path.lstat().st_mode):
            path.chmod(MODE)
