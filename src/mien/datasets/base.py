"""The protocols of data sets and the facts that they state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from mien.datasets.samples import Sample
from mien.datasets.scene import Scene
from mien.errors import DatasetError
from mien.preprocess.framing import Framing


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
    notes: tuple[str, ...] = ()
    """What the reader had to guess, such as which columns of a table it reads: sentences that a
    command repeats."""
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
