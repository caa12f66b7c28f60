"""What every data set has: its facts, its splits, and labelled face crops or whole pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from mien.datasets.samples import Sample
from mien.datasets.scene import Scene
from mien.errors import DatasetError, MienError
from mien.options import arguments
from mien.registry import datasets


@dataclass(frozen=True, slots=True)
class Official:
    """What is known of the published data set, for telling an altered copy from a true one."""

    counts: Mapping[str, int]
    """Pictures in each split."""
    std: float
    """Mean over the pictures of the standard deviation within one, grey levels of 0 to 255."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetFacts:
    """What is known of a data set before a picture is read.

    A data set that wraps another makes its own with ``dataclasses.replace(inner.facts, …)``, so
    that a fact added later is passed on too.
    """

    name: str
    labels: tuple[str, ...] = ()
    """The order that ``Sample.label`` indexes; empty for whole pictures."""
    origin: str = ""
    """Name of the data set that the pictures come from, which decides framing and licence: of a
    packed data set the one that was packed. Default: ``name``."""
    official: Official | None = None
    """The published form; ``None`` where unknown."""
    division: tuple[str, str, int] | None = None
    """How, which split and with which seed it was divided (``mien.datasets.splits.resplit``)."""

    def __post_init__(self) -> None:
        if not self.origin:
            object.__setattr__(self, "origin", self.name)


class AnyDataset(Protocol):
    """What data sets of face crops and of whole pictures share."""

    @property
    def facts(self) -> DatasetFacts:
        """Name, labels, origin and the like."""
        ...

    def splits(self) -> tuple[str, ...]:
        """Names of the splits that hold pictures, in the data set's own order."""
        ...

    def skipped(self, split: str) -> Mapping[str, Sequence[str]]:
        """Reason → keys of what the reader leaves out of ``split``, or repairs; may be empty."""
        ...


@runtime_checkable
class Dataset(AnyDataset, Protocol):
    """Labelled face crops."""

    def samples(self, split: str) -> Iterator[Sample]:
        """Every picture of one split, in a fixed order. Raises ``DatasetError``."""
        ...


@runtime_checkable
class SceneDataset(AnyDataset, Protocol):
    """Whole pictures with marked faces."""

    def scenes(self, split: str) -> Iterator[Scene]:
        """Every picture of one split, in a fixed order, those without a face too.

        Raises ``DatasetError``.
        """
        ...


def check_split(dataset: AnyDataset, split: str, place: Path | None = None) -> None:
    """Raise ``DatasetError`` unless ``dataset``, which lies at ``place``, has ``split``."""
    splits = dataset.splits()
    if split not in splits:
        where = place or f"the {dataset.facts.name} data set"
        raise DatasetError(
            f"{where} has no split {split!r} (splits: {', '.join(splits) or 'none'})"
        )


def open_dataset(path: str | Path, name: str = "fer2013", options: Sequence[str] = ()) -> Dataset:
    """Open the data set at ``path`` with the reader called ``name``.

    ``options`` are the reader's own, each ``key=value``, such as ``classes=7`` of ``ferplus``: the
    reader gets them by keyword, as the types of its annotations.

    Raises ``UnknownNameError`` for an unknown reader, ``ConfigError`` for an option that it has not
    and ``DatasetError`` where the reader cannot make sense of what lies there; it names those that
    can. Raises ``MienError`` where a third party's reader lacks a member of the protocol.
    """
    reader = datasets.get(name)
    values = arguments(reader, options, f"data set reader {name!r}", without=["path"])
    try:
        dataset = reader(path, **values)
    except DatasetError as error:
        fitting = _fitting(Path(path), but=name)
        if not fitting:
            raise
        raise DatasetError(f"{error}; readers that take it: {', '.join(fitting)}") from None
    return _checked(dataset, name)


def _checked(dataset: Any, name: str) -> Dataset:
    """``dataset``, or ``MienError`` with the members that the reader ``name`` has forgotten."""
    missing = [member for member in ("facts", "splits", "skipped") if not hasattr(dataset, member)]
    if not (hasattr(dataset, "samples") or hasattr(dataset, "scenes")):
        missing.append("samples or scenes")
    if not missing and not isinstance(dataset.facts, DatasetFacts):
        missing.append("facts of the type DatasetFacts")
    if missing:
        raise MienError(
            f"the data set reader {name!r} returns a {type(dataset).__name__} without "
            f"{', '.join(missing)}: a data set has facts, splits(), skipped(split), and "
            "samples(split) or scenes(split), as mien.datasets.base says"
        )
    checked: Dataset = dataset
    return checked


def _fitting(path: Path, but: str) -> list[str]:
    """Other readers that make sense of what lies there, as they are without options."""
    fitting = []
    for name in datasets.names():
        if name == but:
            continue
        with suppress(Exception):  # whatever a third party's reader raises, it does not fit
            datasets.get(name)(path)
            fitting.append(name)
    return fitting
