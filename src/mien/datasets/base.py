"""What every data set gives: labelled face crops, one at a time, split by split."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mien.errors import DatasetError
from mien.options import arguments
from mien.registry import datasets

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One labelled face crop; what is known of it can be read without decoding the picture."""

    pixels: Pixels | Callable[[], Pixels]
    """The picture, or what decodes it."""
    label: int
    """Index into the data set's ``labels``."""
    key: str
    """Names the picture within its data set: a path or a row."""
    votes: tuple[int, ...] | None = None
    """FER+ votes in the order of ``mien.labels.FERPLUS``, then unknown and not-a-face."""
    target: tuple[float, ...] | None = None
    """Soft label over the data set's ``labels``, sum 1; ``None``: ``label`` is all there is."""
    valence: float | None = None
    """-1 (unpleasant) to 1 (pleasant); ``None`` where nobody has annotated it."""
    arousal: float | None = None
    """-1 (calm) to 1 (excited)."""
    subject: str | None = None
    """Who is shown, where that is known: for subject-independent splits."""

    @property
    def image(self) -> Pixels:
        """(H, W) grey or (H, W, 3) RGB uint8, decoded anew at every call; ``DatasetError``."""
        return self.pixels() if callable(self.pixels) else self.pixels


@dataclass(frozen=True, slots=True)
class Official:
    """What is known of the published data set, for telling an altered copy from a true one."""

    counts: Mapping[str, int]
    """Pictures in each split."""
    std: float
    """Mean over the pictures of the standard deviation within one, grey levels of 0 to 255."""


class Dataset(Protocol):
    """Labelled face crops under one door. ``labels`` is the order that ``Sample.label`` indexes.

    A reader may also have ``official``, an ``Official``, and ``skipped(split)``: reason → keys of
    what lies there and is left out; ``mien data info`` tells them.
    """

    name: str
    labels: tuple[str, ...]

    def splits(self) -> tuple[str, ...]:
        """Names of the splits that hold pictures, in the data set's own order."""
        ...

    def samples(self, split: str) -> Iterator[Sample]:
        """Every picture of one split, in a fixed order. Raises ``DatasetError``."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """One split in memory: N pictures of one size."""

    images: NDArray[np.uint8]
    """(N, H, W) grey or (N, H, W, 3) RGB."""
    labels: NDArray[np.int64]
    """(N,)"""
    keys: tuple[str, ...]
    votes: NDArray[np.float32] | None
    """(N, 10) FER+ votes, or ``None`` where the data set has none."""
    targets: NDArray[np.float32] | None = None
    """(N, K) soft labels, or ``None`` where the data set has none."""
    affect: NDArray[np.float32] | None = None
    """(N, 2) valence and arousal, NaN where unknown, or ``None`` where the data set has none."""

    def __len__(self) -> int:
        return len(self.labels)


def stack(samples: Iterable[Sample], what: str = "split") -> Split:
    """Collect samples of one picture size into arrays; an empty split is a ``DatasetError``."""
    rows = list(samples)
    if not rows:
        raise DatasetError(f"{what} holds no pictures")
    images = [row.image for row in rows]
    sizes = {image.shape for image in images}
    if len(sizes) > 1:
        raise DatasetError(f"{what} mixes picture sizes: {sorted(sizes)[:4]}")
    return with_facts(np.stack(images), rows)


def with_facts(images: Pixels, samples: Sequence[Sample]) -> Split:
    """(N, …) ``images`` and all that their N ``samples`` say beside the pixels."""
    voted = all(sample.votes is not None for sample in samples)
    soft = all(sample.target is not None for sample in samples)
    affect = np.array([(s.valence, s.arousal) for s in samples], np.float32)  # None becomes NaN
    return Split(
        images=images,
        labels=np.array([sample.label for sample in samples], np.int64),
        keys=tuple(sample.key for sample in samples),
        votes=np.array([sample.votes for sample in samples], np.float32) if voted else None,
        targets=np.array([sample.target for sample in samples], np.float32) if soft else None,
        affect=None if np.isnan(affect).all() else affect,
    )


def pixel_keys(images: Iterable[NDArray[np.uint8]]) -> list[bytes]:
    """16 bytes a picture, equal where shape and every pixel are."""
    return [
        hashlib.blake2b(str(image.shape).encode() + image.tobytes(), digest_size=16).digest()
        for image in images
    ]


def open_dataset(path: str | Path, name: str = "fer2013", options: Sequence[str] = ()) -> Dataset:
    """Open the data set at ``path`` with the reader called ``name``.

    ``options`` are the reader's own, each ``key=value``, such as ``classes=7`` of ``ferplus``: the
    reader gets them by keyword, as the types of its annotations.

    Raises ``UnknownNameError`` for an unknown reader, ``ConfigError`` for an option that it has not
    and ``DatasetError`` where the reader cannot make sense of what lies there; it names those that
    can.
    """
    reader = datasets.get(name)
    values = arguments(reader, options, f"data set reader {name!r}", without=["path"])
    try:
        dataset: Dataset = reader(path, **values)
    except DatasetError as error:
        fitting = _fitting(Path(path), but=name)
        if not fitting:
            raise
        raise DatasetError(f"{error}; readers that take it: {', '.join(fitting)}") from None
    return dataset


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
