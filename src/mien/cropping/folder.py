"""The folder of crops while it is being written.

``crop.json`` says what was asked for, and whether the folder is complete. Until then a journal has
an entry for each crop, written after it, and for each photo without one. So a run that was killed
is continued after the last entry; the tables are written from the journal at the end.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from mien.datasets.detected import CROPPED
from mien.errors import NO_FACE, ConfigError, DatasetError, one_line
from mien.escaping import for_csv
from mien.files import (
    WholeFile,
    is_own_file,
    lock_folder,
    make_folder,
    output_error,
    sweep,
    write_whole,
)
from mien.journal import Journal
from mien.parsing import is_text, is_whole, parse_json
from mien.reading import read_file
from mien.version import __version__

FACES, SKIPPED = "faces.csv", "skipped.csv"
"""Tables in the folder."""
COLUMNS = (
    "path", "label", "split", "subject", "source", "face", "score",
    "source_x1", "source_y1", "source_x2", "source_y2", "landmarks",
)  # fmt: skip
"""Of ``faces.csv``; ``label`` only if there are labels. The box and the landmarks are in pixels of
the source, not of the crop."""
_SKIPPED_COLUMNS = ("split", "picture", "reason")
_JOURNAL = "faces.journal.partial"
_MOST_BYTES = 1 << 20  # of crop.json: a thousand labels


@dataclass(slots=True)
class Cropped:
    """What ``crop_faces`` wrote and what it did not, earlier runs included."""

    photos: int = 0
    faces: int = 0
    no_face: int = 0
    """Photos in which no face was found."""
    failed: int = 0
    """Photos that could not be read, and crops that could not be written."""
    labels: dict[str, int] = field(default_factory=dict)
    """Crops of each label."""
    resumed: int = 0
    """Photos that an earlier run had searched."""


class Entry(NamedTuple):
    """A face, or a photo without."""

    split: str
    key: str
    """Of the sample."""
    row: Mapping[str, Any] | None
    """Of ``faces.csv``; ``None`` without a crop."""
    reason: str
    """Why there is no crop; empty if there is."""


class CropFolder:
    """A folder of crops; ``open_folder`` opens it."""

    def __init__(self, path: Path, manifest: dict[str, Any]) -> None:
        self.path = path
        self.done = Cropped()
        self._manifest = manifest
        self._journal = Journal(path / _JOURNAL)
        if self.is_complete:
            counts = manifest["cropped"]
            self.done = Cropped(**counts, resumed=counts["photos"])

    @property
    def is_complete(self) -> bool:
        """Whether every photo was searched and the tables are written."""
        return bool(self._manifest["complete"])

    def resume(self) -> Iterator[Entry]:
        """What earlier runs have done. Read to the end before ``add``. Raises ``DatasetError``."""
        if not is_own_file(self._journal.path):  # writing would change another file
            raise self._damaged(f"{_JOURNAL} is a link, or not a file")
        for entry in self._entries():
            self._count(entry)
            self.done.resumed = self.done.photos
            yield entry

    def add(self, entry: Entry) -> None:
        """Note what became of a sample; its crop is saved already. Raises ``OutputError``."""
        self._journal.append([entry])
        self._count(entry)

    def finish(self) -> None:
        """Write the tables. Raises ``OutputError``."""
        labelled = bool(self._manifest["labels"])
        columns = [name for name in COLUMNS if name != "label" or labelled]
        faces = (entry.row for entry in self._entries() if entry.row)
        _write_table(self.path / FACES, columns, faces)
        skipped = (
            dict(zip(_SKIPPED_COLUMNS, (entry.split, entry.key, entry.reason), strict=True))
            for entry in self._entries()
            if entry.reason
        )
        _write_table(self.path / SKIPPED, _SKIPPED_COLUMNS, skipped)
        self._manifest |= {"complete": True, "cropped": _counts(self.done)}
        _write_manifest(self.path, self._manifest)
        self.tidy()

    def tidy(self) -> None:
        """Remove the journal of a complete folder, also where a kill came in between."""
        sweep(self.path)
        self._journal.path.unlink(missing_ok=True)

    def _entries(self) -> Iterator[Entry]:
        try:
            for value in self._journal.read():
                entry = Entry(*value)
                if not (_is_named(entry) and isinstance(entry.reason, str)):
                    raise ValueError("expected the path of a crop, or why there is none")
                yield entry
        except (ValueError, TypeError) as error:
            raise self._damaged(one_line(error)) from None

    def _count(self, entry: Entry) -> None:
        # Of all faces of a photo, the first counts it.
        several = self._manifest["detected"][1] == "all"
        self.done.photos += not several or entry.key.endswith("#0")
        if entry.row:
            label = entry.row.get("label", "")
            self.done.faces += 1
            self.done.labels[label] = self.done.labels.get(label, 0) + 1
        else:
            self.done.no_face += entry.reason == NO_FACE
            self.done.failed += entry.reason != NO_FACE

    def _damaged(self, why: str) -> DatasetError:
        return DatasetError(
            f"the unfinished faces in {self.path} are damaged ({why}): remove the folder and cut "
            "them again"
        )


@contextmanager
def open_folder(path: Path, request: Mapping[str, Any]) -> Iterator[CropFolder]:
    """Yield the folder, new, unfinished or complete; no other process can write it.

    ``request``: what ``crop.json`` must say of a folder that is not new; JSON values. Raises
    ``ConfigError`` where ``path`` holds faces of another request or other files, or another process
    writes it, ``DatasetError`` where it is damaged and ``OutputError`` where it cannot be written.
    """
    request = json.loads(json.dumps(request))  # as it is read back: no tuples
    if not (path / CROPPED).exists() and path.is_dir() and _holds_files(path):
        raise ConfigError(f"{path} is not empty, and holds no faces to resume: give a new folder")
    make_folder(path)
    with lock_folder(path, "cutting faces into"):
        manifest = _read_manifest(path)
        if manifest is None:
            manifest = {**request, "mien": __version__, "complete": False}
            _write_manifest(path, manifest)
        for key, value in request.items():
            if manifest.get(key) != value:
                raise ConfigError(
                    f"{path} holds faces cut with {key} {manifest.get(key)!r}, and {value!r} is "
                    "requested: give another folder, or remove this one"
                )
        yield CropFolder(path, manifest)


def _holds_files(path: Path) -> bool:
    try:
        return any(not each.name.startswith(".") for each in path.iterdir())
    except OSError as error:
        raise output_error(repr(str(path)), error) from error


def _read_manifest(path: Path) -> dict[str, Any] | None:
    """What ``crop.json`` says; ``None`` if it is missing."""
    try:
        manifest = parse_json(read_file(path / CROPPED, _MOST_BYTES))
        if not isinstance(manifest, dict):
            raise ValueError("it is not an object")
        complete = manifest.get("complete")
        if complete not in (None, False) and not _are_counts(manifest.get("cropped")):
            raise ValueError("its counts are no whole numbers")
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path / CROPPED} is damaged: {one_line(error)}") from None
    if complete is None:
        raise ConfigError(
            f"{path} holds faces that an earlier version of Mien cut: give another folder"
        )
    return manifest


def _counts(done: Cropped) -> dict[str, Any]:
    """What does not depend on the number of runs."""
    return {name: value for name, value in asdict(done).items() if name != "resumed"}


def _are_counts(counts: Any) -> bool:
    if not isinstance(counts, dict) or counts.keys() != _counts(Cropped()).keys():
        return False
    labels = counts["labels"]
    numbers = [value for name, value in counts.items() if name != "labels"]
    return isinstance(labels, dict) and all(map(is_whole, [*numbers, *labels.values()]))


def _is_named(entry: Entry) -> bool:
    path = entry.row["path"] if entry.row else ""
    return isinstance(entry.key, str) and is_text(path) and bool(path) != bool(entry.reason)


def _write_manifest(path: Path, manifest: Mapping[str, Any]) -> None:
    write_whole(path / CROPPED, json.dumps(manifest, indent=2).encode())


def _write_table(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write a CSV table, whole or not at all. Raises ``OutputError``."""
    try:
        with WholeFile(path) as whole:
            text = io.TextIOWrapper(whole.file, "utf-8", "backslashreplace", newline="")
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows([for_csv(row.get(name, "")) for name in columns] for row in rows)
            text.detach()  # flushes; else it would close the file
            whole.finish()
    except (OSError, ValueError) as error:
        raise output_error(repr(str(path)), error) from error
