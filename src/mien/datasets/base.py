"""The protocols of data sets, the facts that they state, and ``open_dataset``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from mien.datasets.files.archive import packed_inside
from mien.datasets.samples import Sample
from mien.datasets.scene import Scene
from mien.errors import DatasetError, MienError
from mien.options import arguments
from mien.preprocess.framing import Framing
from mien.registry import datasets


@dataclass(frozen=True, slots=True)
class Official:
    """The published data set, to recognise altered copies."""

    counts: Mapping[str, int]
    """Pictures in each split."""
    std: float
    """Mean over the pictures of the standard deviation within one, grey levels 0 to 255."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetFacts:
    """Facts about a data set that need no picture.

    A wrapper makes its facts with ``dataclasses.replace(inner.facts, …)``, which also passes on
    facts that are added later.
    """

    name: str
    labels: tuple[str, ...] = ()
    """The order that ``Sample.label`` indexes; empty for whole pictures."""
    origin: str = ""
    """Name of the data set that the pictures come from; decides framing and licence. For a packed
    data set, the one that was packed. Default: ``name``."""
    official: Official | None = None
    """The published form; ``None`` where unknown."""
    division: tuple[str, str, int] | None = None
    """How it was divided, which split, and the seed; see ``mien.datasets.splits.resplit``."""
    reader: str = ""
    """The registered name of the reader that opened it; set by ``open_dataset``."""
    framing: Framing | None = None
    """How its crops were cut around a detector's boxes; ``None``: as they were published."""
    detected: tuple[str, str] | None = None
    """Where faces were found in whole photos: the detector's name, and ``largest`` or ``all``."""

    def __post_init__(self) -> None:
        if not self.origin:
            object.__setattr__(self, "origin", self.name)


class AnyDataset(Protocol):
    """What both kinds of data set have in common."""

    @property
    def facts(self) -> DatasetFacts:
        """Name, labels, origin and so on."""
        ...

    def splits(self) -> tuple[str, ...]:
        """Names of the splits that hold pictures, in the data set's own order."""
        ...

    def skipped(self, split: str) -> Mapping[str, Sequence[str]]:
        """Reason → keys of what the reader left out of ``split``, or repaired.

        Reasons for repairs are in ``mien.datasets.boxes.KEPT``.
        """
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
        """Every picture of one split, in a fixed order; also pictures without a face.

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
    """Open the data set at ``path`` with the reader ``name``; a ``SceneDataset`` for some readers.

    ``options`` are the reader's own, each ``key=value``, such as ``classes=7`` for ``ferplus``. The
    reader gets them as keyword arguments of its annotated types.

    Raises ``UnknownNameError`` for an unknown reader, ``ConfigError`` for an unknown option,
    ``DatasetError`` where the reader cannot read ``path`` (the message names readers that can) and
    ``MienError`` for a third party's reader that does not follow the protocol.
    """
    reader = datasets.get(name)
    values = arguments(reader, options, f"data set reader {name!r}", without=["path"])
    try:
        dataset = reader(path, **values)
    except DatasetError as error:
        fitting = _fitting(Path(path), but=name)
        packed = packed_inside(Path(path))
        if not fitting and packed:
            raise DatasetError(f"{error}; {packed} in it may have to be unpacked first") from None
        if not fitting:
            raise
        raise DatasetError(f"{error}; readers that can read it: {', '.join(fitting)}") from None
    return _checked(dataset, name)


def _checked(dataset: Any, name: str) -> Dataset:
    """``dataset``; raises ``MienError`` with the members of the protocol that it lacks."""
    missing = [member for member in ("facts", "splits", "skipped") if not hasattr(dataset, member)]
    if not (hasattr(dataset, "samples") or hasattr(dataset, "scenes")):
        missing.append("samples or scenes")
    if not missing and not isinstance(dataset.facts, DatasetFacts):
        missing.append("facts of the type DatasetFacts")
    if missing:
        raise MienError(
            f"the data set reader {name!r} returns a {type(dataset).__name__} without "
            f"{', '.join(missing)}: a data set needs facts, splits(), skipped(split), and "
            "samples(split) or scenes(split), see mien.datasets.base"
        )
    checked: Dataset = dataset
    return checked


def _fitting(path: Path, but: str) -> list[str]:
    """Other readers that can read ``path`` without options."""
    fitting = []
    for name in datasets.names():
        if name == but:
            continue
        with suppress(Exception):  # a third party's reader may raise anything
            datasets.get(name)(path)
            fitting.append(name)
    return fitting
