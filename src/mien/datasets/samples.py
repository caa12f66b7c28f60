"""Labelled face crops, one at a time or a whole split in arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mien.errors import DatasetError

Pixels = NDArray[np.uint8]


@runtime_checkable
class Reducible(Protocol):
    """Decodes a picture, and faster if a small one is enough."""

    def __call__(self) -> Pixels:
        """The whole picture in full size."""
        ...

    def at(self, side: int) -> Pixels:
        """The picture for a result of ``side`` pixels: may be smaller, but at least twice that."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One labelled face crop; nothing but ``image`` and ``reduced`` decodes the picture."""

    pixels: Pixels | Callable[[], Pixels]
    """The picture, or a function that decodes it."""
    label: int
    """Index into the data set's ``labels``."""
    key: str
    """Identifies the picture within its data set: a path or a row."""
    votes: tuple[int, ...] | None = None
    """FER+ votes in the order of ``mien.labels.FERPLUS``, then unknown and not-a-face."""
    target: tuple[float, ...] | None = None
    """Soft label over the data set's ``labels``, sum 1; ``None`` if there is only ``label``."""
    valence: float | None = None
    """-1 (unpleasant) to 1 (pleasant); ``None`` if not annotated."""
    arousal: float | None = None
    """-1 (calm) to 1 (excited)."""
    subject: str | None = None
    """Who is shown, for subject-independent splits; ``None`` if unknown."""
    photo: str | None = None
    """Key of the photo that several samples are cut from: they stay together when divided."""

    @property
    def image(self) -> Pixels:
        """(H, W) grey or (H, W, 3) RGB uint8, decoded at every call. Raises ``DatasetError``."""
        return self.pixels() if callable(self.pixels) else self.pixels

    def reduced(self, side: int) -> Pixels:
        """The picture for a result of ``side`` pixels; may be smaller, but at least twice that.

        Raises ``DatasetError``.
        """
        return self.pixels.at(side) if isinstance(self.pixels, Reducible) else self.image


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """One split in memory: N pictures of one size."""

    images: NDArray[np.uint8]
    """(N, H, W) grey or (N, H, W, 3) RGB."""
    labels: NDArray[np.int64]
    """(N,)"""
    keys: tuple[str, ...]
    votes: NDArray[np.float32] | None
    """(N, 10) FER+ votes; ``None`` if the data set has none."""
    targets: NDArray[np.float32] | None = None
    """(N, K) soft labels; ``None`` if the data set has none."""
    affect: NDArray[np.float32] | None = None
    """(N, 2) valence and arousal, NaN where unknown; ``None`` if the data set has none."""

    def __len__(self) -> int:
        return len(self.labels)


def stack(samples: Iterable[Sample], what: str = "split") -> Split:
    """Samples of one picture size as arrays. Raises ``DatasetError``, also for no samples."""
    rows = list(samples)
    if not rows:
        raise DatasetError(f"{what} holds no pictures")
    images = [row.image for row in rows]
    sizes = {image.shape for image in images}
    if len(sizes) > 1:
        raise DatasetError(f"{what} mixes picture sizes: {sorted(sizes)[:4]}")
    return make_split(np.stack(images), rows)


def make_split(images: Pixels, samples: Sequence[Sample]) -> Split:
    """A split of (N, …) ``images`` with the labels and so on of their N ``samples``."""
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


@runtime_checkable
class Identified(Protocol):
    """Decodes a picture that is cut from another one, in one of several ways."""

    def identity(self) -> bytes:
        """16 bytes that do not depend on how it is cut. Raises ``DatasetError``."""
        ...


def identity(sample: Sample, image: Pixels) -> bytes:
    """16 bytes, equal for equal pictures: of the pixels of ``image``, which ``sample`` decodes to.

    Of a face that is cut out of a photo, they are of the photo and the face's box.
    """
    cut = sample.pixels
    return cut.identity() if isinstance(cut, Identified) else pixel_keys([image])[0]


def pixel_keys(images: Iterable[NDArray[np.uint8]]) -> list[bytes]:
    """16 bytes for each picture, equal for pictures of equal shape and pixels."""
    return [_pixel_key(image) for image in images]


def strips(image: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """Rows of a picture, about a megabyte at a time: a copy of a large one may not fit."""
    rows = max(1, (1 << 20) // max(1, image[:1].nbytes))
    for top in range(0, len(image), rows):
        yield image[top : top + rows]


def _pixel_key(image: NDArray[np.uint8]) -> bytes:
    digest = hashlib.blake2b(str(image.shape).encode(), digest_size=16)
    for strip in strips(image):
        digest.update(np.ascontiguousarray(strip).data)
    return digest.digest()


def pixel_fingerprint(labels: Iterable[int], pixel_keys: Iterable[bytes]) -> str:
    """16 hexadecimal digits over the labels and ``pixel_keys`` of a split's pictures, in order."""
    digest = hashlib.blake2b(digest_size=8)
    for label, key in zip(labels, pixel_keys, strict=True):
        digest.update(key + int(label).to_bytes(4, "big", signed=True))
    return digest.hexdigest()
