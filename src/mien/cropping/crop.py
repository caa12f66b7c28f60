"""Cuts the faces out of photos, into a folder that keeps the photos' folders and labels.

Faces are found and framed as by ``mien.datasets.detected``. ``faces.csv`` has a row for each crop,
``skipped.csv`` one for each photo without, and ``crop.json`` says how the crops were cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from mien.cropping.folder import COLUMNS, Cropped, Entry, open_folder
from mien.cropping.names import CropNames
from mien.datasets.base import Dataset, SceneDataset
from mien.datasets.detected import Cutout, DetectedFaces
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
from mien.preprocess.crop import square
from mien.preprocess.framing import FER2013_FRAMING, Framing
from mien.preprocess.network_input import resize

OnProgress = Callable[[int, int], None]
"""Called with (photos searched, earlier runs included, and photos in all)."""


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
    source: str | Path | None = None,
    request: Mapping[str, Any] | None = None,
    on_error: Callable[[MienError], None] | None = None,
    on_progress: OnProgress | None = None,
) -> Cropped:
    """Cut the ``largest`` face of each of ``photos``, or ``all``, into ``out``, or resume that.

    A crop is a PNG with the photo's path; one whose photo has no folder goes to
    ``<split>/<label>/``. ``size``: side of the crops in pixels; ``None``: as in the photo.
    ``source``: where the photos lie; ``request``: further JSON values, such as the options of the
    reader and the detector. ``crop.json`` keeps them: only a call with the same ones, and the same
    settings, continues a run that was stopped. Crops of earlier runs stay as they are. ``on_error``
    gets each photo that cannot be read and each crop that cannot be written; the others follow.

    Raises ``ConfigError`` where ``out`` lies in ``source``, holds something else, or is written by
    another process, and for what ``DetectedFaces`` refuses; ``DatasetError`` where what an earlier
    run left is damaged; ``OutputError`` where ``out`` cannot be written. What was written stays.
    """
    folder_path = Path(out)
    if source is not None and folder_path.resolve().is_relative_to(Path(source).resolve()):
        raise ConfigError(
            f"{out} lies in {source}, where its faces would be taken for photos: give a folder "
            "elsewhere"
        )
    facts = DetectedFaces(photos, detector, faces, framing).facts
    settings = {
        "framing": facts.framing, "detected": facts.detected, "size": size,
        "source": source and str(Path(source).resolve()), "dataset": facts.name,
        "reader": facts.reader, "labels": facts.labels,
    }  # fmt: skip
    with open_folder(folder_path, {**settings, **(request or {})}) as folder:
        if folder.is_complete:
            folder.tidy()
            return folder.done
        names, before = CropNames(folder_path), dict[str, list[str]]()
        for entry in folder.resume():
            before.setdefault(entry.split, []).append(entry.key)
            if entry.row:
                names.take(entry.row["path"])
        total = 0
        if on_progress:
            total = sum(1 for split in photos.splits() for _ in photos.samples(split))
        rest = _Rest(photos, _searched(photos, before, faces == "all", folder_path))
        data = DetectedFaces(rest, detector, faces, framing)
        for split, sample, image in _samples(data, before):
            label = facts.labels[sample.label] if facts.labels else ""
            try:
                if isinstance(image, DatasetError):
                    raise image
                path = names.save(sample, split, label, _resized(image, size))
            except (DatasetError, PictureOutputError) as error:
                missing = isinstance(error, NoFaceError)
                folder.add(Entry(split, sample.key, None, NO_FACE if missing else str(error)))
                if on_error and not missing:
                    on_error(error)
            else:
                folder.add(Entry(split, sample.key, _row(sample, split, label, path), ""))
            if on_progress:
                on_progress(folder.done.photos, total)
        folder.finish()
        return folder.done


class _Rest:
    """``photos`` without the first ones of each split."""

    def __init__(self, photos: Dataset, finished: Mapping[str, int]) -> None:
        self.facts = photos.facts
        self._photos, self._finished = photos, finished

    def splits(self) -> tuple[str, ...]:
        return self._photos.splits()

    def samples(self, split: str) -> Iterator[Sample]:
        return islice(self._photos.samples(split), self._finished.get(split, 0), None)

    def skipped(self, split: str) -> Mapping[str, Sequence[str]]:
        return self._photos.skipped(split)


def _searched(
    photos: Dataset, before: Mapping[str, Sequence[str]], several: bool, folder: Path
) -> dict[str, int]:
    """Split → how many of its first photos earlier runs have finished.

    ``before``: split → keys of the faces that they have cut or not found; ``several``: those of a
    photo may be several. Raises ``ConfigError`` where the photos are others.
    """
    finished = {}
    for split, keys in before.items():
        known = list(dict.fromkeys(key.rpartition("#")[0] if several else key for key in keys))
        begin = islice(photos.samples(split), len(known)) if split in photos.splits() else ()
        if [sample.key for sample in begin] != known:
            raise ConfigError(
                f"{folder} cannot be resumed: split {split!r} no longer begins with the "
                f"{len(known):,} photos searched so far; give another folder, or remove this one"
            )
        # The run may have stopped between two faces of the last photo.
        finished[split] = len(known) - several
    return finished


def _samples(
    data: DetectedFaces, before: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, Sample, Pixels | DatasetError]]:
    """Split, sample, and its crop or error, without the keys of earlier runs."""
    for split in data.splits():
        done = frozenset(before.get(split, ()))
        for sample, image in decoded(s for s in data.samples(split) if s.key not in done):
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
