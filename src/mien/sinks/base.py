"""The protocol of sinks, and what text sinks share."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Protocol, TextIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mien.errors import OutputError
from mien.files import Closing as Closing  # for sinks, as TextOutput is
from mien.files import append_whole, output_error, try_lock
from mien.media.formats import OTHER_SUFFIXES, SUFFIXES
from mien.types import Result

if TYPE_CHECKING:
    from typing import Self

Image: TypeAlias = NDArray[np.uint8]
Target: TypeAlias = "str | os.PathLike[str] | TextIO"


class Sink(Protocol):
    """Takes results one at a time in a ``with`` block; after Ctrl-C the output is still valid."""

    def write(self, result: Result, image: Image | None = None) -> None:
        """Take one result; ``image`` is its picture, RGB uint8 (H, W, 3), for sinks that draw.

        Raises ``OutputError`` where the result cannot be written: ``PictureOutputError`` if the
        results of later pictures can.
        """
        ...

    def close(self) -> None:
        """Finish the output; a second call does nothing."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


_NOT_TEXT = {
    **dict.fromkeys(SUFFIXES | OTHER_SUFFIXES, "a picture's"),
    ".onnx": "a model's",
    ".pt": "a checkpoint's",
    ".toml": "a recipe's",
    ".zip": "an archive's",
}


class TextOutput(Closing):
    """A text file that is overwritten, or an open text stream that stays open.

    A file keeps its old content until the first ``write``, or ``close`` without one; a file with
    NUL bytes, as pictures and models have, is refused. No other process can write to it meanwhile.

    Each ``write`` is flushed, so that the reader of a pipe sees it at once, and reaches a file
    whole or, as on a full disk, not at all. After a failed write the output is closed.
    """

    def __init__(self, target: Target) -> None:
        self.stream: IO[str]
        self._old = False  # whether the file may have old content
        self._owned = isinstance(target, str | os.PathLike)
        if isinstance(target, str | os.PathLike):
            self.name = repr(str(Path(target)))
            self.stream, self._old = _open_file(Path(target), self.name)
        else:
            self.name = str(getattr(target, "name", None) or type(target).__name__)
            self.stream = target
        self._open = True
        self._encoding = getattr(self.stream, "encoding", None) or "utf-8"
        self.is_unicode = self._encoding.lower().replace("_", "-") in ("utf-8", "utf8")
        # Python would keep the rest of a failed write in its buffer and write it later.
        self._file = _regular_file(self.stream) if self.is_unicode else None

    def write(self, text: str) -> None:
        """Write and flush ``text``; ``OutputError`` where that fails."""
        if not self._open:
            raise OutputError(f"cannot write {self.name}: it is closed")
        # A file name may contain bytes that are not UTF-8; their escape is valid in JSON too.
        data = text.encode(self._encoding, "backslashreplace")
        try:
            self._drop_old()
            if self._file is None:
                self.stream.write(data.decode(self._encoding))
                self.stream.flush()
            else:
                self.stream.flush()  # what others wrote to a given stream
                append_whole(self._file, data)
        except (OSError, ValueError) as error:
            self.close(quietly=True)
            raise output_error(self.name, error) from error

    def close(self, *, quietly: bool = False) -> None:
        """Close the file; a given stream stays open."""
        if not self._open:
            return
        self._open = False
        if self._owned:
            try:
                with self.stream:
                    self._drop_old()
            except OSError as error:
                if not quietly:
                    raise output_error(self.name, error) from error

    def _drop_old(self) -> None:
        if self._old:
            self._old = False
            self.stream.truncate(0)

    @property
    def is_open(self) -> bool:
        """Whether ``write`` is still possible."""
        return self._open


def check_text_name(path: Path) -> None:
    """Raise ``OutputError`` for a name that other kinds of files have."""
    if kind := _NOT_TEXT.get(path.suffix.lower()):
        # `--output a.jpg b.jpg` is an easy mistake that would destroy a picture.
        raise OutputError(f"cannot write text to {str(path)!r}, {kind} name: give another")


def _open_file(path: Path, name: str) -> tuple[IO[str], bool]:
    """A file, locked, and whether it may have old content. Raises ``OutputError``."""
    check_text_name(path)
    try:
        stream = path.open("a", encoding="utf-8", newline="")
    except (OSError, ValueError) as error:
        raise output_error(name, error) from error
    try:
        status = os.fstat(stream.fileno())
        if not stat.S_ISREG(status.st_mode):
            return stream, False
        if _is_standard_input(status):
            raise OutputError(f"cannot write {name}: it is also the input, give another")
        if not try_lock(stream, path):
            raise OutputError(f"cannot write {name}: another process is writing to it")
        if _is_binary(path):
            raise OutputError(f"cannot write text over {name}, which holds none: give another")
    except BaseException:
        stream.close()
        raise
    return stream, True


def _is_standard_input(status: os.stat_result) -> bool:
    with suppress(OSError, ValueError, AttributeError):  # closed, or not a file of the system
        return os.path.samestat(status, os.fstat(sys.stdin.fileno()))
    return False


def _is_binary(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return b"\0" in file.read(1024)
    except OSError:  # it may be written but not read
        return False


def _regular_file(stream: IO[str]) -> int | None:
    """The descriptor of a stream that is a file on a disk."""
    try:
        number = stream.fileno()
        regular = stat.S_ISREG(os.fstat(number).st_mode)
    except (OSError, ValueError, AttributeError):  # in memory
        return None
    return number if regular and os.linesep == "\n" else None
