"""The folder of a pack while it is being written: whole after every step, whenever it is killed.

``pack.json`` says how much of each file counts; what lies beyond that was cut off half way and is
overwritten. Labels and keys wait as lines of text until their split is whole.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from mien.datasets.packing.lock import LOCK, lock
from mien.datasets.packing.packed import (
    MANIFEST,
    SKIPPED,
    Fact,
    facts_bytes,
    facts_path,
    pixels_path,
    read_manifest,
)
from mien.errors import ConfigError, DatasetError, MienError
from mien.files import check_writable, output_error, write_whole
from mien.version import __version__

_HEADER = 128  # bytes of a .npy header, whatever the number of rows: it is padded to 64


class Store:
    """One pack on disk. ``asked``: what ``pack.json`` is to say of source and form.

    ``channels`` decides that number where ``asked`` leaves it open. Raises ``ConfigError`` where
    ``folder`` holds another pack or other files or another process writes it, ``DatasetError``
    where it is damaged and ``OutputError`` where it cannot be written. To be closed.
    """

    def __init__(self, folder: Path, asked: Mapping[str, Any], channels: Callable[[], int]) -> None:
        self._state: dict[str, Any]
        self.folder = folder
        found = read_manifest(folder)
        if found is None:
            _make(folder)
        self._lock: BinaryIO | None = None
        if found is None or not found["complete"]:
            self._lock = lock(folder)
            found = read_manifest(folder)  # again: another process may have been at it until now
        if found is None:
            self._state = {
                **asked,
                "channels": asked["channels"] or channels(),
                "mien": __version__,
                "complete": False,
                "pictures": {},
                "skipped": 0,
                "left_out": 0,
                "progress": {"skipped_bytes": 0, "splits": {}},
            }
            self._save()
        else:
            self._state = found
            self._state.setdefault("left_out", 0)  # packs of old do not say
            try:
                _compare(folder, found, asked)
            except MienError:
                self.close()
                raise

    def close(self) -> None:
        """Let other processes write here."""
        if self._lock:
            self._lock.close()

    @property
    def complete(self) -> bool:
        """Whether all splits are whole."""
        return bool(self._state["complete"])

    @property
    def pictures(self) -> dict[str, int]:
        """Packed of each split so far."""
        return dict(self._state["pictures"])

    @property
    def skipped(self) -> int:
        """That could not be read, listed in ``skipped.csv`` so far."""
        return int(self._state["skipped"])

    @property
    def left_out(self) -> int:
        """Listed there too, but left out by the reader."""
        return int(self._state["left_out"])

    @property
    def channels(self) -> int:
        """1 or 3."""
        return int(self._state["channels"])

    @property
    def gone_through(self) -> int:
        """Pictures packed or skipped so far."""
        return sum(self.pictures.values()) + self.skipped

    def begin(self, split: str) -> tuple[int, str] | None:
        """Pictures of ``split`` gone through, digest of their keys; ``None``: it is whole."""
        row = self._progress["splits"].setdefault(
            split, {"seen": 0, "digest": "", "facts_bytes": 0, "whole": False}
        )
        self._state["pictures"].setdefault(split, 0)
        return None if row["whole"] else (row["seen"], row["digest"])

    def append(
        self,
        split: str,
        kept: Sequence[tuple[Fact, NDArray[np.uint8]]],
        bad: Sequence[tuple[str, str]],
        digest: str,
    ) -> None:
        """Add a chunk: (fact, pixels) of what was read, (key, reason) of what was not."""
        row = self._progress["splits"][split]
        if kept:
            row_bytes = self._state["size"] ** 2 * self._state["channels"]
            start = _HEADER + self._state["pictures"][split] * row_bytes
            pixels = (small.tobytes() for _, small in kept)
            self._append(pixels_path(self.folder, split).name, start, pixels)
            lines = "".join(json.dumps(fact) + "\n" for fact, _ in kept).encode()
            self._append(_lines(split), row["facts_bytes"], [lines])
            row["facts_bytes"] += len(lines)
        self._state["pictures"][split] += len(kept)
        self._state["skipped"] += self._list(split, bad)
        row["seen"] += len(kept) + len(bad)
        row["digest"] = digest
        self._save()  # last: from here on the chunk counts

    def finish_split(self, split: str, left_out: Iterable[tuple[str, str]]) -> None:
        """Write the header of its pixels, its facts, and (key, reason) of what nobody tried."""
        row, n = self._progress["splits"][split], self._state["pictures"][split]
        if n:
            side, channels = self._state["size"], self._state["channels"]
            shape = (n, side, side) if channels == 1 else (n, side, side, channels)
            end = _HEADER + int(np.prod(shape))
            with self._open(pixels_path(self.folder, split).name) as file:
                file.write(_npy_header(shape))
                file.truncate(end)
            with self._open(_lines(split)) as file:
                data = facts_bytes(json.loads(line) for line in islice(file, n))
            write_whole(facts_path(self.folder, split), data)
        self._state["left_out"] += self._list(split, left_out)
        row["whole"] = True
        self._save()

    def finish(self) -> None:
        """Say that all is whole, and take away what only an unfinished pack needs."""
        with self._open(SKIPPED) as file:
            file.truncate(self._progress["skipped_bytes"])
        splits = self._progress["splits"]
        self._state["complete"] = True
        del self._state["progress"]
        for split in splits:
            (self.folder / _lines(split)).unlink(missing_ok=True)
            if not self._state["pictures"][split]:
                pixels_path(self.folder, split).unlink(missing_ok=True)
        for torn in self.folder.glob(".*.tmp"):  # of ``write_whole`` in a run that was killed
            torn.unlink(missing_ok=True)
        self._save()
        (self.folder / LOCK).unlink(missing_ok=True)

    @property
    def _progress(self) -> dict[str, Any]:
        progress: dict[str, Any] = self._state["progress"]
        return progress

    def _list(self, split: str, bad: Iterable[tuple[str, str]]) -> int:
        """Add to ``skipped.csv``; how many."""
        lines = [_csv_line(split, key, reason) for key, reason in bad]
        start = self._progress["skipped_bytes"]
        header = [] if start else [_csv_line("split", "picture", "reason")]
        table = b"".join(header + lines)
        self._append(SKIPPED, start, [table])
        self._progress["skipped_bytes"] += len(table)
        return len(lines)

    def _save(self) -> None:
        write_whole(self.folder / MANIFEST, json.dumps(self._state, indent=2).encode())

    def _append(self, name: str, start: int, data: Iterable[bytes]) -> None:
        """Put ``data`` at byte ``start`` of a file; what lay beyond is a torn end."""
        with self._open(name) as file:
            file.truncate(start)
            file.seek(start)
            file.writelines(data)
            file.flush()
            os.fsync(file.fileno())  # before ``pack.json`` says that it is there

    @contextlib.contextmanager
    def _open(self, name: str) -> Iterator[BinaryIO]:
        path = self.folder / name
        try:
            path.touch()
            with path.open("r+b") as file:
                yield file
        except OSError as error:
            raise output_error(repr(str(path)), error) from error


def _make(folder: Path) -> None:
    """The folder, empty; one that holds something else is refused."""
    if folder.is_dir():
        if any(not path.name.startswith(".") for path in folder.iterdir()):
            raise ConfigError(
                f"{folder} holds other files and no pack that could be gone on with: give a new "
                "folder"
            )
        check_writable(folder / MANIFEST)
        return
    check_writable(folder)
    try:
        folder.mkdir(exist_ok=True)  # another process may have been quicker: see ``lock``
    except OSError as error:
        raise output_error(repr(str(folder)), error) from error


def _compare(folder: Path, found: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    """Refuse to go on with what was packed from elsewhere or in another way."""
    for key, value in asked.items():
        if value is not None and found.get(key) != value:
            raise ConfigError(
                f"{folder} holds a pack with {key} {found.get(key)!r}, and {value!r} is asked for: "
                "give another folder, or remove this one"
            )
    if found["complete"]:
        return
    try:
        progress = found["progress"]
        sizes = {SKIPPED: progress["skipped_bytes"]}
        for split, row in progress["splits"].items():
            n = found["pictures"][split]
            row_bytes = found["size"] ** 2 * found["channels"]
            sizes[pixels_path(folder, split).name] = _HEADER + n * row_bytes if n else 0
            sizes[_lines(split)] = 0 if row["whole"] else row["facts_bytes"]
        for name, size in sizes.items():
            if size and (folder / name).stat().st_size < size:
                raise ValueError(f"{name} is shorter than {size:,} bytes")
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise DatasetError(
            f"the unfinished pack in {folder} is damaged ({error}): remove it and pack again"
        ) from None


def _lines(split: str) -> str:
    return f"{split}.facts.partial"


def _csv_line(*cells: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(" ".join(cell.split()) for cell in cells)
    return text.getvalue().encode("utf-8", "backslashreplace")


def _npy_header(shape: tuple[int, ...]) -> bytes:
    """The first bytes of a ``.npy`` file of uint8 in C order (NumPy's format 1.0)."""
    file = io.BytesIO()
    about = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, about)
    header = file.getvalue()
    assert len(header) == _HEADER  # NumPy pads to multiples of 64 and these need 90 or so
    return header
