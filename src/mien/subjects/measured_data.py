"""The data set that models are measured on, read and divided as asked or as in training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from mien.datasets.base import Dataset, SceneDataset
from mien.datasets.guessing import Wants
from mien.datasets.opening import AUTO, open_dataset, shared_options
from mien.datasets.splits import resplit
from mien.errors import ConfigError, DatasetError, MienError
from mien.subjects.source import CALLED, Kind, Source

Division = tuple[str, str, int]
"""How, which split and with which seed a data set is divided (``mien.datasets.splits``)."""
WANTS: Mapping[Kind, Wants] = {"classifier": "crops", "detector": "scenes"}
"""What each kind is measured on; a reader is guessed among those that read it."""


@dataclass(frozen=True, slots=True)
class MeasuredData:
    """A data set for one or more models of one kind."""

    path: str
    reader: str
    whole: Dataset | SceneDataset
    """Undivided."""
    divided: Dataset | SceneDataset
    division: Division
    guessed: bool = False
    """Whether the reader was guessed, not asked for or a run's own."""

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


def open_data(
    source: Source,
    recipe: Mapping[str, Any],
    path: str,
    dataset: str | None = None,
    options: Sequence[str] = (),
    splits: str | None = None,
) -> MeasuredData:
    """The data set at ``path``, for the model of ``source``.

    Of a training run, the reader and division of its ``recipe`` (which may be empty) are used where
    ``dataset`` (a reader, or ``auto``), its ``options`` and ``splits`` do not say otherwise. Else,
    and where the data has another form than the training data, the reader is guessed and the splits
    are official. A recipe's division is used only if the data has the split to divide: a set of
    test pictures alone stays as it is. Raises ``ConfigError`` for face crops where whole pictures
    are needed, or the other way round.
    """
    is_run, wants = source.form == "run", WANTS[source.kind]
    trained_with = recipe.get("dataset", AUTO)
    asked = dataset or (trained_with if is_run else AUTO)
    if is_run and not options and asked == trained_with:
        options = recipe.get("dataset_options", ())
    whole: Dataset | SceneDataset
    try:
        whole = open_dataset(path, asked, options, wants=wants)
    except DatasetError:
        if dataset or asked == AUTO:
            raise
        other = None
        with suppress(MienError):
            other = open_dataset(path, AUTO, shared_options(options), wants=wants)
        if other is None:
            raise
        whole = other
    reader = whole.facts.reader or asked
    guessed = reader != asked
    own = recipe if trained_with in (reader, AUTO) else {}
    _check_kind(source, reader, whole)
    how, divided_split, seed = division_of(own)
    if splits is not None or not is_run or divided_split not in whole.splits():
        how = splits or "official"
    divided = resplit(whole, how, divided_split, seed)
    return MeasuredData(path, reader, whole, divided, (how, divided_split, seed), guessed)


def division_of(recipe: Mapping[str, Any]) -> Division:
    """How a recipe divides its data."""
    return (
        recipe.get("splits", "official"),
        recipe.get("splits_from", "train"),
        recipe.get("splits_seed", 0),
    )


def _check_kind(source: Source, reader: str, dataset: Dataset | SceneDataset) -> None:
    wants_scenes = source.kind == "detector"
    if isinstance(dataset, SceneDataset) == wants_scenes:
        return
    model = f"{source.text} is a {CALLED[source.kind]}"
    if wants_scenes:
        raise ConfigError(
            f"{model}, and {reader!r} reads face crops: choose a reader of whole pictures with "
            "--dataset, such as coco or wider"
        )
    raise ConfigError(
        f"{model}, and {reader!r} reads whole pictures with marked faces: choose a reader of face "
        "crops with --dataset"
    )
