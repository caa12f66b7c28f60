"""Cuts the faces out of photos, into a folder that keeps the photos' folders and labels.

Faces are found and framed as by ``mien.datasets.detected``. ``faces.csv`` has a row for each crop,
``skipped.csv`` one for each photo without, and ``crop.json`` says how the crops were cut.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from mien.datasets.base import Dataset, SceneDataset
from mien.datasets.detected import CROPPED, Cutout, DetectedFaces
from mien.datasets.files.decoding import decoded
from mien.datasets.guessing import fitting_readers
from mien.datasets.opening import AUTO, open_dataset
from mien.datasets.samples import Pixels, Sample
from mien.datasets.unlabelled import PictureTree, ScenePictures
from mien.detectors.base import Detector
from mien.errors import (
    NO_FACE,
    ConfigError,
    DatasetError,
    MienError,
    NoFaceError,
    PictureOutputError,
)
from mien.files import make_folder, write_whole
from mien.preprocess.crop import square
from mien.preprocess.framing import FER2013_FRAMING, Framing
from mien.preprocess.network_input import resize
from mien.sinks.pictures import PictureFolder
from mien.sinks.rows import CsvRows
from mien.version import __version__

FACES, SKIPPED = "faces.csv", "skipped.csv"
"""Tables in the folder."""
COLUMNS = (
    "path", "label", "split", "subject", "source", "face", "score",
    "source_x1", "source_y1", "source_x2", "source_y2", "landmarks",
)  # fmt: skip
"""Of ``faces.csv``; ``label`` only if there are labels. The box and the landmarks are in pixels of
the source, not of the crop."""
_MOST_NAME = 200  # bytes of a folder's or file's name; numbers and a suffix are added
_NOT_IN_NAMES = '\\:*?"<>|'

OnProgress = Callable[[int, int], None]
"""Called with (photos searched, photos in all)."""


@dataclass(slots=True)
class Cropped:
    """What ``crop_faces`` wrote and what it did not."""

    photos: int = 0
    faces: int = 0
    no_face: int = 0
    """Photos in which no face was found."""
    failed: int = 0
    """Photos that could not be read, and crops that could not be written."""
    labels: dict[str, int] = field(default_factory=dict)
    """Crops of each label."""


def open_photos(path: str | Path, name: str = AUTO, options: Sequence[str] = ()) -> Dataset:
    """The photos at ``path``: of a data set, or without labels, every picture below a folder.

    The last where no reader is named and none fits; ``facts.notes`` of its result say why the
    labels of a reader that seems to fit cannot be read. Of whole pictures with marked faces, the
    marks are not used. Raises what ``open_dataset`` raises, where several readers fit too.
    """
    try:
        dataset = open_dataset(path, name, options)
    except DatasetError as error:
        fitting = fitting_readers(Path(path)) if name == AUTO and not options else []
        if name != AUTO or options or len(fitting) > 1:
            raise
        tree = PictureTree(path)
        if fitting:
            tree.facts = replace(tree.facts, notes=(f"not read as {fitting[0]!r}: {error}",))
        return tree
    return ScenePictures(dataset) if isinstance(dataset, SceneDataset) else dataset


def crop_faces(
    photos: Dataset,
    detector: Detector,
    out: str | Path,
    *,
    faces: str = "largest",
    framing: Framing = FER2013_FRAMING,
    size: int | None = None,
    on_error: Callable[[MienError], None] | None = None,
    on_progress: OnProgress | None = None,
) -> Cropped:
    """Cut the ``largest`` face of each of ``photos``, or ``all``, into the new or empty ``out``.

    A crop is a PNG with the photo's path; one whose photo has no folder goes to
    ``<split>/<label>/``. ``size``: side of the crops in pixels; ``None``: as in the photo.
    ``on_error`` gets each photo that cannot be read and each crop that cannot be written; the
    others follow.

    Raises ``ConfigError`` where ``out`` holds something, and for what ``DetectedFaces`` refuses;
    ``OutputError`` where ``out`` cannot be written. What was written stays.
    """
    folder = Path(out)
    data = DetectedFaces(photos, detector, faces, framing)
    if folder.is_dir() and any(folder.iterdir()):
        raise ConfigError(f"{folder} is not empty: give a new folder for the faces")
    make_folder(folder)
    how = {"framing": data.facts.framing, "detected": data.facts.detected, "size": size}
    write_whole(folder / CROPPED, json.dumps({**how, "mien": __version__}, indent=2).encode())
    total = sum(1 for split in data.splits() for _ in photos.samples(split)) if on_progress else 0
    done = Cropped()
    names = _Names(folder)
    with CsvRows(folder / FACES) as rows, CsvRows(folder / SKIPPED) as skipped:
        for split, sample, image in _searched(data):
            done.photos += sample.photo is None or sample.key.endswith("#0")
            label = data.facts.labels[sample.label] if data.facts.labels else ""
            try:
                if isinstance(image, DatasetError):
                    raise image
                path = names.save(sample, split, label, _resized(image, size))
            except (DatasetError, PictureOutputError) as error:
                skipped.write({"split": split, "picture": sample.key, "reason": _reason(error)})
                if isinstance(error, NoFaceError):
                    done.no_face += 1
                else:
                    done.failed += 1
                    if on_error:
                        on_error(error)
            else:
                rows.write(_row(sample, split, label, path))
                done.faces += 1
                done.labels[label] = done.labels.get(label, 0) + 1
            if on_progress:
                on_progress(done.photos, total)
        rows.close([name for name in COLUMNS if name != "label" or data.facts.labels])
        skipped.close(("split", "picture", "reason"))
    return done


def _reason(error: MienError) -> str:
    return NO_FACE if isinstance(error, NoFaceError) else str(error)


def _searched(data: DetectedFaces) -> Iterator[tuple[str, Sample, Any]]:
    """Split, sample, and its crop or error."""
    for split in data.splits():
        for sample, image in decoded(data.samples(split)):
            yield split, sample, image


def _resized(image: Pixels, size: int | None) -> Pixels:
    return image if size is None else resize(square(image), size)


def _row(sample: Sample, split: str, label: str, path: str) -> dict[str, Any]:
    assert isinstance(sample.pixels, Cutout)
    face = sample.pixels.face
    box = dict(zip(COLUMNS[7:11], face.box.to_list(1), strict=True))
    points = face.landmarks or ()
    return {
        "path": path,
        **({"label": label} if label else {}),
        "split": split,
        "subject": sample.subject or "",
        "source": sample.photo or sample.key,
        "face": sample.pixels.index or 0,
        "score": round(face.score, 4),
        **box,
        "landmarks": " ".join(f"{value:.1f}" for point in points for value in point),
    }


class _Names:
    """Saves crops under their photos' paths; never two under one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folders: dict[PurePosixPath, PictureFolder] = {}
        self._taken: set[str] = set()

    def save(self, sample: Sample, split: str, label: str, image: Pixels) -> str:
        """The path from the folder, with ``/``. Raises ``OutputError``."""
        place = _place(sample, split, label)
        if place.parent not in self._folders:
            self._folders[place.parent] = PictureFolder(self._folder / place.parent, ".png")
        number, stem = 1, place.name
        while str(place.parent / stem).casefold() in self._taken:  # for some file systems A is a
            number += 1
            stem = f"{place.name}_{number}"
        self._taken.add(str(place.parent / stem).casefold())
        saved = self._folders[place.parent].save(stem, image)
        return str(place.parent / saved.name)


def _place(sample: Sample, split: str, label: str) -> PurePosixPath:
    """Path of a crop from the folder, without suffix; whatever the key, it stays in the folder."""
    photo, _, number = sample.key.rpartition("#") if sample.photo else (sample.key, "", "")
    parts = [name for part in photo.replace("\\", "/").split("/") if (name := _plain(part))]
    *folders, name = parts or ["face"]
    folders = folders or [name for name in map(_plain, (split, label)) if name]
    stem = PurePosixPath(name).stem if PurePosixPath(name).suffix else name
    return PurePosixPath(*folders, f"{stem}_{number}" if number else stem)


def _plain(part: str) -> str:
    """A part of a path as any file system and table takes it; empty for ``..`` and the like."""
    text = part.encode("utf-8", "replace").decode()
    text = "".join("-" if c in _NOT_IN_NAMES or not c.isprintable() else c for c in text)
    text = text.encode()[:_MOST_NAME].decode("utf-8", "ignore").strip(" .")
    return f"_{text[1:]}" if text.startswith(("=", "+", "-", "@")) else text
