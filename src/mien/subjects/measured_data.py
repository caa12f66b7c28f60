"""The data set that models are measured on, read and divided as asked or as in training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from mien.datasets.base import Dataset, SceneDataset, open_dataset
from mien.datasets.splits import resplit
from mien.errors import ConfigError
from mien.subjects.source import CALLED, Kind

Division = tuple[str, str, int]
"""How, which split and with which seed a data set is divided (``mien.datasets.splits``)."""
READERS: Mapping[Kind, str] = {"classifier": "fer2013", "detector": "coco"}
"""Default reader of each kind's data."""


@dataclass(frozen=True, slots=True)
class MeasuredData:
    """A data set for one or more models of one kind."""

    path: str
    reader: str
    whole: Dataset | SceneDataset
    """Undivided."""
    divided: Dataset | SceneDataset
    division: Division

    @property
    def crops(self) -> Dataset:
        """The divided data of a classifier."""
        return cast(Dataset, self.divided)

    @property
    def scenes(self) -> SceneDataset:
        """The divided data of a detector."""
        return cast(SceneDataset, self.divided)

    @property
    def name(self) -> str:
        """After the file or folder: a reader such as ``coco`` reads many data sets."""
        place = Path(self.path).resolve()
        return place.name if place.is_dir() else place.stem

    def only_split(self, split: str | None) -> str:
        """``split``, or the only one there is. Raises ``ConfigError`` if there are several."""
        splits = self.divided.splits()
        if split is None and len(splits) != 1:
            raise ConfigError(f"--split is missing: this data has {', '.join(splits) or 'none'}")
        return split or splits[0]


@dataclass(frozen=True, slots=True)
class Reading:
    """For which model data is read, and how where the user does not say."""

    model: str
    """For messages."""
    kind: Kind
    recipe: Mapping[str, Any] = field(default_factory=dict)
    """Recipe of its training; may be empty."""
    is_run: bool = False
    """Whether it is a training run: data is then read and divided as its recipe says."""


def open_data(
    reading: Reading,
    path: str,
    dataset: str | None = None,
    options: Sequence[str] = (),
    splits: str | None = None,
) -> MeasuredData:
    """The data set at ``path``.

    ``dataset`` (a reader), its ``options`` and ``splits`` come before those of a run's recipe; the
    default are official splits. A recipe's division is used only if the data has the split to
    divide: a set of test pictures alone stays as it is. Raises ``ConfigError`` for face crops where
    whole pictures are needed, or the other way round.
    """
    default = READERS[reading.kind]
    trained_with = reading.recipe.get("dataset", default)
    reader = dataset or (trained_with if reading.is_run else default)
    recipe = reading.recipe if reader == trained_with else {}
    if reading.is_run and not options:
        options = recipe.get("dataset_options", ())
    whole: Dataset | SceneDataset = open_dataset(path, reader, options)
    _check_kind(reading, reader, whole)
    how, source, seed = division_of(recipe)
    if splits is not None or not reading.is_run or source not in whole.splits():
        how = splits or "official"
    divided = resplit(whole, how, source, seed)
    return MeasuredData(path, reader, whole, divided, (how, source, seed))


def division_of(recipe: Mapping[str, Any]) -> Division:
    """How a recipe divides its data."""
    return (
        recipe.get("splits", "official"),
        recipe.get("splits_from", "train"),
        recipe.get("splits_seed", 0),
    )


def _check_kind(reading: Reading, reader: str, dataset: Dataset | SceneDataset) -> None:
    wants_scenes = reading.kind == "detector"
    if isinstance(dataset, SceneDataset) == wants_scenes:
        return
    model = f"{reading.model} is a {CALLED[reading.kind]}"
    if wants_scenes:
        raise ConfigError(
            f"{model}, and {reader!r} reads face crops: choose a reader of whole pictures with "
            "--dataset, such as coco or wider"
        )
    raise ConfigError(
        f"{model}, and {reader!r} reads whole pictures with marked faces: choose a reader of face "
        "crops with --dataset"
    )
