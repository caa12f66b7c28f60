"""The data that ``mien evaluate`` is given, and what of it a model has seen in training."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

SAME_PICTURES = {"fer2013", "ferplus"}
"""Readers that give the same pictures by the same names, under labels of their own."""


class Given(Protocol):
    """A model as it was given: a classifier, or a face detector."""

    @property
    def source(self) -> str:
        """The name, file or folder."""
        ...

    @property
    def is_run(self) -> bool:
        """Whether that is a run's folder, or a checkpoint."""
        ...

    @property
    def recipe(self) -> Mapping[str, Any]:
        """What is known of its training; may be empty."""
        ...

    @property
    def reader(self) -> str:
        """Of data where nothing says otherwise."""
        ...

    @property
    def wants_scenes(self) -> bool:
        """Whether it takes whole pictures with marked faces, not face crops."""
        ...

    def may_know(self, dataset: Any) -> bool:
        """Whether it may have learned from ``dataset``, undivided: no where that is known."""
        ...


@dataclass(frozen=True, slots=True)
class Data:
    """A data set, divided as asked."""

    dataset: Any
    """A ``Dataset`` for a classifier, a ``SceneDataset`` for a detector."""
    splits: str
    trained_on: bool
    """Whether it is divided as the model's own training data was, by the same reader."""
    called: str
    """After its file or folder: a reader such as ``coco`` reads many data sets."""
    own: Any
    """The same pictures as the model's recipe reads them, undivided; ``None``: others."""


def open_data(
    model: Given, path: str, dataset: str | None, options: Sequence[str], splits: str | None
) -> Data:
    """The data set at ``path``; what is not given is the run's own, or the official form.

    A run's way of dividing is followed where the data has the split that is to be divided; other
    data, such as a set of test pictures alone, stays as it is.

    Raises ``ConfigError`` for face crops where whole pictures are wanted, or the other way round.
    """
    from mien.datasets.base import open_dataset
    from mien.datasets.splits import resplit

    learned = str(model.recipe.get("dataset", model.reader))
    name = dataset or (learned if model.is_run else model.reader)
    own = model.recipe if name == learned else {}
    if model.is_run:
        options = options or own.get("dataset_options", ())
    found = open_dataset(path, name, options)
    _check_kind(model, name, found)
    source = own.get("splits_from", "train")
    how = splits or "official"
    if splits is None and model.is_run and source in found.splits():
        how = own.get("splits", "official")
    divided = resplit(found, how, source, own.get("splits_seed", 0))
    if own and not model.may_know(found):
        own = {}
    read = found if own else None
    if model.recipe and {name, learned} == SAME_PICTURES:
        read = open_dataset(path, learned, model.recipe.get("dataset_options", ()))
    trained_on = bool(own) and how == own.get("splits", "official")
    place = Path(path).resolve()
    return Data(divided, how, trained_on, place.name if place.is_dir() else place.stem, read)


def _check_kind(model: Given, reader: str, dataset: object) -> None:
    from mien.datasets.base import SceneDataset
    from mien.errors import ConfigError

    if isinstance(dataset, SceneDataset) == model.wants_scenes:
        return
    if model.wants_scenes:
        raise ConfigError(
            f"{model.source} is a face detector, and {reader!r} reads face crops: choose a reader "
            "of whole pictures with --dataset, such as coco or wider"
        )
    raise ConfigError(
        f"{model.source} is a classifier, and {reader!r} reads whole pictures with marked faces: "
        "choose a reader of face crops with --dataset"
    )


def unreadable(skipped: Sequence[str], read: int) -> list[str]:
    """A warning that pictures are missing from the figures, if any are."""
    if not skipped:
        return []
    return [
        f"{len(skipped):,} of {len(skipped) + read:,} pictures could not be read and are in no "
        f"figure, such as {skipped[0]}"
    ]


def part(model: Given, data: Data, keys: Collection[str], measured: str, split: str | None) -> str:
    """Which of the pictures called ``keys``, the split ``measured``, are in ``split`` of the
    model's own training data, in words; empty where none is, or where that cannot be told.
    """
    from mien.datasets.division import PARTS
    from mien.datasets.splits import resplit
    from mien.errors import DatasetError

    if data.own is None or split is None:
        return ""
    how, source = model.recipe.get("splits", "official"), model.recipe.get("splits_from", "train")
    known = set(keys)
    try:
        divided = data.dataset
        if not data.trained_on:
            divided = resplit(data.own, how, source, model.recipe.get("splits_seed", 0))
        # A part is found by decoding its source: not for pictures that the source does not hold.
        looked = _keys(data.own, source) if how != "official" and split in PARTS else None
        if looked is not None and not any(key in known for key in looked):
            return ""
        held = split in divided.splits()
        count = sum(key in known for key in _keys(divided, split)) if held else 0
    except DatasetError:  # this copy lacks what that division, or those labels, need
        return ""
    if count == len(keys):
        return f"split {measured!r}"
    return f"{count:,} of these {len(keys):,} pictures" if count else ""


def _keys(dataset: Any, split: str) -> Iterable[str]:
    from mien.datasets.base import SceneDataset

    items = dataset.scenes if isinstance(dataset, SceneDataset) else dataset.samples
    return (item.key for item in items(split))
