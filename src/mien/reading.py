"""Opens files that a user, or a file of a user, names: regular files only, so it never blocks.

Opening a named pipe waits for a writer, and some devices never end. Both can hide behind a name in
somebody else's annotations.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from pathlib import Path
from typing import IO

from mien.errors import one_line

MOST_BYTES = 1 << 30
"""Default limit of a file that is read whole."""

_OTHERS = {
    stat.S_IFIFO: "it is a named pipe, not a file",
    stat.S_IFSOCK: "it is a socket, not a file",
    stat.S_IFCHR: "it is a device, not a file",
    stat.S_IFBLK: "it is a device, not a file",
}
_DESCRIPTORS = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")


def open_file(path: str | Path, *, pipes: bool = False) -> IO[bytes]:
    """A regular file, or a link to one, open for reading.

    ``pipes`` also allows a pipe that the shell has opened, such as ``/dev/stdin`` or the
    ``/dev/fd/63`` of a process substitution. Set it only for paths that the user gave.

    Raises ``OSError`` as ``open`` does, and for folders, named pipes, devices, sockets and names
    that no file can have. It never waits.
    """
    try:
        check_regular(os.stat(path).st_mode, path, pipes)  # noqa: PTH116 - some act when opened
        file = open(path, "rb", opener=open_at_once)  # noqa: SIM115 - no opener in Path
    except ValueError as error:  # a null character, or a name that the system cannot encode
        raise OSError(errno.EINVAL, f"no file can have this name ({error})", str(path)) from None
    try:
        check_regular(os.fstat(file.fileno()).st_mode, path, pipes)  # it may be another file by now
        if sys.platform != "win32":
            os.set_blocking(file.fileno(), True)
    except BaseException:
        file.close()
        raise
    return file


def read_file(path: str | Path, most: int = MOST_BYTES, *, pipes: bool = False) -> bytes:
    """The content of a file of at most ``most`` bytes, opened by ``open_file``.

    Raises ``OSError``, with ``EFBIG`` for a larger file, before it is read.
    """
    with open_file(path, pipes=pipes) as file:
        large = os.fstat(file.fileno()).st_size > most
        data = b"" if large else file.read(most + 1)
    if large or len(data) > most:
        raise OSError(errno.EFBIG, f"it has more than {most:,} bytes", str(path))
    return data


def unreadable(
    error: OSError, name: str, advice: str = "", *, missing: str = "check the path"
) -> str:
    """Why a file cannot be opened or read, and what to do, on one line.

    ``name`` is how it is shown, with quotes. ``missing`` is said of a file that is not there,
    ``advice`` of what is neither that nor a lack of permission.
    """
    if isinstance(error, FileNotFoundError):
        return f"no file {name}: {missing}"
    if isinstance(error, PermissionError):
        return f"no permission to read {name}: change its permissions"
    reason = f"cannot read {name} ({error.strerror or one_line(error)})"
    return f"{reason}: {advice}" if advice else reason


def check_regular(mode: int, path: str | Path, pipes: bool = False) -> None:
    """Raise ``OSError`` for what is not a regular file, by the ``mode`` that ``stat`` gives."""
    if stat.S_ISREG(mode):
        return
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if pipes and stat.S_ISFIFO(mode) and str(path).startswith(_DESCRIPTORS):
        return
    raise OSError(errno.EINVAL, _OTHERS.get(stat.S_IFMT(mode), "it is not a file"), str(path))


def open_at_once(path: str, flags: int) -> int:
    """``open`` that does not wait for the writer of a named pipe."""
    return os.open(path, flags if sys.platform == "win32" else flags | os.O_NONBLOCK)
