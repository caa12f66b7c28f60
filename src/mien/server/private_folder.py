"""A folder that only its owner may read, for what a server must have on the disk for a while."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from mien.errors import ConfigError, OutputError
from mien.files import LOCK, Closing, lock_folder, output_error

SCRATCH = ".mien-scratch-"
"""How the names of folders begin that a server removes when it starts."""
_MOST_SERVERS = 32


class PrivateFolder(Closing):
    """Mode 0700, held by one process. Made by ``open_private``."""

    def __init__(self, path: Path, held: ExitStack) -> None:
        self.path, self._held = path, held
        for left in path.glob(f"{SCRATCH}*"):
            remove(left)

    def entries(self) -> list[Path]:
        """What lies in it, by name."""
        return sorted(path for path in self.path.iterdir() if path.name != LOCK)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder for a ``with`` block; the next start removes what a kill leaves."""
        try:
            place = Path(tempfile.mkdtemp(prefix=SCRATCH, dir=self.path))
        except OSError as error:
            raise output_error(repr(str(self.path)), error) from error
        try:
            yield place
        finally:
            remove(place)

    def close(self) -> None:
        """Let other processes have it."""
        self._held.close()


def open_private(path: str | None) -> PrivateFolder:
    """The folder at ``path``, made if it is missing.

    ``None``: one of the user's own, in the folder of states (``XDG_STATE_HOME``) or, where that
    cannot be written, of temporary files; several servers take different ones. Raises
    ``ConfigError`` for one that others may read or that another process holds, ``OutputError``.
    """
    if path is not None:
        return _open(Path(path))
    error: OutputError | ConfigError | None = None
    for base in (_states(), Path(tempfile.gettempdir()) / f"mien-{_user()}"):
        try:
            _make(base, shared=True)
        except (OutputError, ConfigError) as reason:
            error = reason
            continue
        for number in range(1, _MOST_SERVERS + 1):
            with suppress(ConfigError):  # another server has it
                return _open(base / f"server-{number}")
        raise ConfigError(f"{_MOST_SERVERS} servers have folders in {base}: give --jobs DIR")
    assert error is not None
    raise error


def remove(path: Path) -> None:
    """Remove a file or folder; what cannot be removed stays."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def _open(path: Path) -> PrivateFolder:
    _make(path)
    held = ExitStack()
    held.enter_context(lock_folder(path, "serving with"))
    return PrivateFolder(path, held)


def _make(path: Path, shared: bool = False) -> None:
    """``shared``: others may read it, but it is this user's."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = path.lstat()
    except OSError as error:
        raise output_error(repr(str(path)), error) from error
    if os.name == "nt":
        return
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise ConfigError(f"{str(path)!r} is not a folder of yours: give another with --jobs DIR")
    if not shared and stat.S_IMODE(status.st_mode) & 0o077:
        raise ConfigError(f"others may read {str(path)!r}: chmod 700 it, or give another folder")


def _states() -> Path:
    named = os.environ.get("XDG_STATE_HOME", "")
    base = Path(named) if named.startswith("/") else Path.home() / ".local" / "state"
    return base / "mien"


def _user() -> str:
    return str(os.geteuid()) if os.name != "nt" else "user"
