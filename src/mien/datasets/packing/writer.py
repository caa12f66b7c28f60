"""The folder of a pack while it is being written.

Each split has two files that only grow: its pixels, and a journal with one line for each picture,
packed or skipped. Pixels are on the disk before their lines are. So whenever a run is killed, the
whole lines of the journal say how many rows of pixels count, and the rest is overwritten.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from mien.datasets.files.split_names import is_split_name
from mien.datasets.packing.packed import (
    MANIFEST,
    SKIPPED,
    Fact,
    facts_bytes,
    facts_path,
    pixels_path,
    read_manifest,
)
from mien.datasets.samples import Pixels
from mien.errors import NO_FACE, ConfigError, DatasetError, one_line
from mien.escaping import for_csv
from mien.files import (
    check_writable,
    is_own_file,
    lock_folder,
    output_error,
    sweep,
    write_at,
    write_whole,
)
from mien.journal import Journal
from mien.version import __version__

_HEADER = 128  # bytes of a .npy header: NumPy pads it to 64, and these need about 90


@contextmanager
def open_pack(
    folder: Path, request: Mapping[str, Any], channels: Callable[[], int]
) -> Iterator[PackWriter]:
    """Yield the pack in ``folder``, new, unfinished or complete; no other process can write it.

    ``request``: the source and form that ``pack.json`` must have. ``channels`` decides that number
    for a new pack where ``request`` does not. Raises ``ConfigError`` where ``folder`` holds another
    pack or other files or another process writes it, ``DatasetError`` where it is damaged and
    ``OutputError`` where it cannot be written.
    """
    manifest = read_manifest(folder)
    if manifest and manifest["complete"]:
        _check_same(folder, manifest, request)
        yield PackWriter(folder, manifest)
        return
    if manifest is None:
        _make(folder)
    with lock_folder(folder, "packing into"):
        manifest = read_manifest(folder)  # again: another process may just have finished
        if manifest is None:
            manifest = {**request, "channels": request["channels"] or channels()}
            manifest |= {"mien": __version__, "complete": False, "pictures": {}}
            _write_manifest(folder, manifest)
        _check_same(folder, manifest, request)
        yield PackWriter(folder, manifest)


class PackWriter:
    """Writes one pack; ``open_pack`` makes it.

    ``manifest``: the content of ``pack.json``. ``row_bytes``: the size of a packed picture.
    """

    def __init__(self, folder: Path, manifest: dict[str, Any]) -> None:
        self.folder, self.manifest = folder, manifest
        side = manifest["size"]
        self._row_shape = (side, side) if manifest["channels"] == 1 else (side, side, 3)
        self.row_bytes = math.prod(self._row_shape)
        self._kept: dict[str, int] = {}  # rows of pixels by split
        self._journals: dict[str, Journal] = {}

    def resume(self, split: str) -> list[str]:
        """Keys of the pictures of ``split`` packed or skipped so far. Called before ``append``.

        Raises ``DatasetError`` where the unfinished pack is damaged, or the split's name is a path.
        """
        if not is_split_name(split):
            raise DatasetError(
                f"split {split[:60]!r} cannot be packed: its files are called after it, and this "
                "is no name for a file"
            )
        for path in (pixels_path(self.folder, split), self._journal_path(split)):
            if not is_own_file(path):  # writing would change another file, or wait for a reader
                raise self._damaged(f"{path.name} is a link, or not a file")
        self._journals[split] = Journal(self._journal_path(split))
        keys, self._kept[split] = [], 0
        for fact, why in self._entries(split):
            keys.append(fact[1])
            self._kept[split] += not why
        pixels = pixels_path(self.folder, split)
        if self._kept[split] and not _has_bytes(pixels, self._end(split)):
            raise self._damaged(f"{pixels.name} is shorter than {self._end(split):,} bytes")
        return keys

    def append(self, split: str, pictures: Sequence[tuple[Fact, Pixels | str]]) -> None:
        """Add pictures: the facts of each, and its pixels or why it was skipped."""
        rows = [pixels for _, pixels in pictures if not isinstance(pixels, str)]
        entries = [(fact, pixels if isinstance(pixels, str) else None) for fact, pixels in pictures]
        if rows:
            end, data = self._end(split), (row.tobytes() for row in rows)
            write_at(pixels_path(self.folder, split), end, data)
        self._journals[split].append(entries)
        self._kept[split] += len(rows)

    def finish(self, left_out: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        """Complete the pack. ``left_out``: split → reason → keys of what the reader left out.

        Raises ``DatasetError`` where not a single picture could be read; ``skipped.csv`` is written
        nevertheless.
        """
        rows, skipped, no_face = [("split", "picture", "reason")], 0, 0
        for split in self._kept:
            bad = [(split, fact[1], why) for fact, why in self._entries(split) if why]
            own = [(split, key, why) for why, keys in left_out[split].items() for key in keys]
            rows += bad + own
            skipped += len(bad)
            no_face += sum(why == NO_FACE for _, _, why in bad)
        write_whole(self.folder / SKIPPED, _csv(rows))
        if not any(self._kept.values()):
            raise DatasetError(
                f"no picture of {self.manifest['source']} could be read: "
                f"{self.folder / SKIPPED} lists {skipped:,} with the reasons"
            )
        for split in self._kept:
            self._finish_split(split)
        self.manifest.pop("progress", None)  # of packs that an earlier version left unfinished
        self.manifest |= {"complete": True, "pictures": self._kept}
        self.manifest |= {"skipped": skipped, "left_out": len(rows) - 1 - skipped}
        if no_face:
            self.manifest["no_face"] = no_face
        _write_manifest(self.folder, self.manifest)
        self.tidy()

    def tidy(self) -> None:
        """Remove the journals of a complete pack, also where a kill came in between."""
        sweep(self.folder)
        for path in self.folder.glob("*.partial"):
            path.unlink(missing_ok=True)

    def _finish_split(self, split: str) -> None:
        """Write the facts, and the header of the pixels: their number is known only now."""
        path, n = pixels_path(self.folder, split), self._kept[split]
        if not n:
            path.unlink(missing_ok=True)
            return
        try:
            facts = facts_bytes(fact for fact, why in self._entries(split) if not why)
        except (ValueError, TypeError, OverflowError) as error:  # values of a damaged journal
            raise self._damaged(one_line(error)) from None
        write_whole(facts_path(self.folder, split), facts)
        header = {"descr": "|u1", "fortran_order": False, "shape": (n, *self._row_shape)}
        try:
            with path.open("r+b") as file:
                np.lib.format.write_array_header_1_0(file, header)
                assert file.tell() == _HEADER
                file.truncate(self._end(split))
        except OSError as error:
            raise output_error(repr(str(path)), error) from error

    def _end(self, split: str) -> int:
        """Bytes of the pixel file that count."""
        return _HEADER + self._kept[split] * self.row_bytes

    def _journal_path(self, split: str) -> Path:
        return self.folder / f"{split}.journal.partial"

    def _entries(self, split: str) -> Iterator[tuple[Fact, str | None]]:
        """Facts of each picture in the journal, and why it was skipped."""
        try:
            for fact, why in self._journals[split].read():
                known = len(fact) == 7 and isinstance(fact[1], str) and isinstance(why, str | None)
                if not known:
                    raise ValueError("expected seven facts of a picture")
                yield fact, why
        except (ValueError, TypeError) as error:
            raise self._damaged(one_line(error)) from None

    def _damaged(self, reason: str) -> DatasetError:
        return DatasetError(
            f"the unfinished pack in {self.folder} is damaged ({reason}): remove it and pack again"
        )


def _make(folder: Path) -> None:
    """Make the folder, or raise where it holds something else."""
    if folder.is_dir():
        if any(not path.name.startswith(".") for path in folder.iterdir()):
            raise ConfigError(
                f"{folder} holds other files and no pack to resume: give a new folder"
            )
        check_writable(folder / MANIFEST)
        return
    check_writable(folder)
    try:
        folder.mkdir(exist_ok=True)  # another process may have been quicker
    except OSError as error:
        raise output_error(repr(str(folder)), error) from error


def _check_same(folder: Path, manifest: Mapping[str, Any], request: Mapping[str, Any]) -> None:
    """Raise where the pack has another source or form."""
    for key, value in request.items():
        if value is not None and manifest.get(key) != value:
            raise ConfigError(
                f"{folder} holds a pack with {key} {manifest.get(key)!r}, and {value!r} is "
                "requested: give another folder, or remove this one"
            )


def _write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    write_whole(folder / MANIFEST, json.dumps(manifest, indent=2).encode())


def _has_bytes(path: Path, count: int) -> bool:
    return path.exists() and path.stat().st_size >= count


def _csv(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO()
    lines = ([for_csv(" ".join(cell.split())) for cell in row] for row in rows)
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue().encode("utf-8", "backslashreplace")
