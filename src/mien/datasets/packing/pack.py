"""Pack a data set: decode, crop and resize every picture once, on all cores, into mapped arrays.

Pictures go through in order and in constant memory. After every ``CHUNK`` of them what is on the
disk is whole and ``pack.json`` says so; a run that was killed goes on from there. A picture that
cannot be read is listed with the reason and left out, and what the reader leaves out is listed too.
``mien.datasets.packing.packed`` reads the result.
"""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2

from mien.datasets.base import Dataset
from mien.datasets.packing.packed import FORMAT, Fact, fact
from mien.datasets.packing.writer import Store
from mien.datasets.samples import Pixels, Sample
from mien.errors import ConfigError, DatasetError
from mien.preprocess.network_input import resize_crops
from mien.specs.classifier import ModelSpec

CHUNK = 1024
"""Pictures between two states of the folder that a killed run can go on from: at most so many."""
_CHUNK_BYTES = 32 * 2**20  # and fewer where they are large, since they wait in memory
SIZES = (8, 512)
"""Smallest and largest side, pixels."""
_BLOCK = 16  # pictures that a thread takes at a time
_LOOKED_AT = 64  # pictures that tell whether a data set is grey

OnProgress = Callable[[int, int | None], None]
"""Called with the pictures that have gone through, and ``None``: nobody knows how many there are.
Those of earlier runs count."""


@dataclass(frozen=True, slots=True)
class Packing:
    """What ``pack`` has left in its folder."""

    pictures: dict[str, int]
    """Packed of each split, in the data set's order."""
    skipped: int
    """Pictures that could not be read; ``skipped.csv`` lists them with the reasons."""
    left_out: int
    """What the reader left out, such as boxes without area; listed there too."""
    channels: int
    """1 (grey) or 3 (RGB)."""
    done_now: int
    """Pictures that this run has gone through; 0 where all was there already."""


def pack(
    dataset: Dataset,
    source: str | Path,
    out: str | Path,
    *,
    size: int,
    channels: int | None = None,
    options: Sequence[str] = (),
    workers: int | None = None,
    exact: bool = False,
    on_progress: OnProgress | None = None,
) -> Packing:
    """Pack every split of ``dataset`` into the folder ``out``, or go on with what is there.

    Pictures become ``size`` × ``size`` pixels by ``resize_crops``, as for every network: colours
    first, then stretched to a square, by area where it shrinks. A JPEG more than four times as
    large is decoded at a fraction of its size first (``Picture.at``), unless ``exact``.
    ``channels``: 1 or 3; ``None``: 1 where the first pictures are grey, else 3. ``source`` and
    ``options`` are remembered, so that a pack goes on from the same. ``workers``: threads, one a
    core where not given.

    Raises ``ConfigError`` for values out of range and where ``out`` holds something else or another
    process packs into it, ``DatasetError`` where the data set cannot be read on, or not a single
    picture of it, and ``OutputError`` where ``out`` cannot be written. What is done is kept in
    every case.
    """
    if not SIZES[0] <= size <= SIZES[1]:
        raise ConfigError(f"size must be from {SIZES[0]} to {SIZES[1]} pixels, got {size}")
    if channels not in (None, 1, 3):
        raise ConfigError(f"channels must be 1 (grey) or 3 (RGB), got {channels}")
    facts = dataset.facts
    asked = {
        "format": FORMAT,
        "dataset": facts.name,
        # ``None`` is not compared with a pack that is gone on with: older ones do not say.
        "origin": facts.origin if facts.origin != facts.name else None,
        "division": list(facts.division) if facts.division else None,
        "options": list(options),
        "source": str(Path(source).resolve()),
        "labels": list(facts.labels),
        "size": size,
        "channels": channels,
        "exact": exact,
    }
    with closing(Store(Path(out), asked, lambda: _channels(dataset))) as store:
        done, already = 0, store.gone_through
        if not store.complete:
            shrink = _Shrink(size, store.channels, exact, len(dataset.facts.labels))
            with _threads(workers or _cores()) as in_order:
                for split in dataset.splits():
                    for passed in _pack_split(dataset, split, store, shrink, in_order):
                        done += passed
                        if on_progress:
                            on_progress(already + done, None)
            if not any(store.pictures.values()):
                raise DatasetError(
                    f"no picture of {source} could be read: "
                    f"{Path(out) / 'skipped.csv'} lists {store.skipped:,} with the reasons"
                )
            store.finish()
        return Packing(store.pictures, store.skipped, store.left_out, store.channels, done)


def _pack_split(
    dataset: Dataset, split: str, store: Store, shrink: _Shrink, in_order: _InOrder
) -> Iterator[int]:
    """Pack what is left of ``split``; yields how many pictures have gone through since last."""
    begun = store.begin(split)
    if begun is None:
        return
    seen, digest = begun
    samples = iter(dataset.samples(split))
    keys = hashlib.blake2b(digest_size=16)  # of all so far, in order
    for sample in islice(samples, seen):
        keys.update(_key(sample))
    if seen and keys.hexdigest() != digest:
        raise ConfigError(
            f"{store.folder} cannot be gone on with: split {split!r} no longer begins with the "
            f"{seen:,} pictures packed so far; give another folder, or remove this one"
        )
    chunk = min(CHUNK, max(1, _CHUNK_BYTES // (shrink.size**2 * shrink.channels)))
    kept: list[tuple[Fact, Pixels]] = []
    bad: list[tuple[str, str]] = []
    for block, results in in_order(shrink, samples):
        for sample, result in zip(block, results, strict=True):
            keys.update(_key(sample))
            if isinstance(result, str):
                bad.append((sample.key, result))
            else:
                kept.append((fact(sample), result))
        yield len(block)
        if len(kept) + len(bad) >= chunk:
            store.append(split, kept, bad, keys.hexdigest())
            kept, bad = [], []
    store.append(split, kept, bad, keys.hexdigest())
    reasons = dataset.skipped(split)
    store.finish_split(split, [(key, reason) for reason in reasons for key in reasons[reason]])


@dataclass(frozen=True, slots=True)
class _Shrink:
    """What a thread does: samples → (S, S) or (S, S, 3) pixels each, or why there are none."""

    size: int
    channels: int
    exact: bool
    classes: int

    def __call__(self, block: Sequence[Sample]) -> list[Pixels | str]:
        spec = _spec(self.size, self.channels)
        return [self._one(sample, spec) for sample in block]

    def _one(self, sample: Sample, spec: ModelSpec) -> Pixels | str:
        if not 0 <= sample.label < self.classes:
            return f"label {sample.label} is not from 0 to {self.classes - 1}"
        try:
            image = sample.image if self.exact else sample.reduced(self.size)
            resized: Pixels = resize_crops([image], spec)[0]  # (S, S, C)
        except Exception as error:  # noqa: BLE001 - a damaged picture makes decoders raise anything
            return str(error) or type(error).__name__
        return resized[..., 0] if self.channels == 1 else resized


_Results = Iterator[tuple[list[Sample], list[Pixels | str]]]
_InOrder = Callable[[_Shrink, Iterator[Sample]], _Results]


@contextmanager
def _threads(workers: int) -> Iterator[_InOrder]:
    """Yield what maps ``shrink`` over blocks of samples, in order and only a few blocks ahead.

    Threads are enough: OpenCV, zlib and files work without Python's lock.
    """
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)  # a picture is too little to be divided further
    waiting: deque[tuple[list[Sample], Future[list[Pixels | str]]]] = deque()
    try:
        with ThreadPoolExecutor(workers) as pool:

            def in_order(shrink: _Shrink, samples: Iterator[Sample]) -> _Results:
                while block := list(islice(samples, _BLOCK)):
                    waiting.append((block, pool.submit(shrink, block)))
                    if len(waiting) > 4 * workers:
                        first, future = waiting.popleft()
                        yield first, future.result()
                while waiting:
                    first, future = waiting.popleft()
                    yield first, future.result()

            yield in_order
    finally:
        cv2.setNumThreads(before)


def _cores() -> int:
    """That this process may use, where the system tells."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def _channels(dataset: Dataset) -> int:
    """1 where the first pictures that can be read are all grey, else 3."""
    for split in dataset.splits():
        shapes = []
        for sample in islice(dataset.samples(split), _LOOKED_AT):
            with suppress(Exception):  # told of when its turn comes
                shapes.append(sample.image.ndim)
        if shapes:
            return 1 if set(shapes) == {2} else 3
    return 3


def _spec(size: int, channels: int) -> ModelSpec:
    """All that ``resize_crops`` needs to know."""
    zeros, ones = (0.0,) * channels, (1.0,) * channels
    return ModelSpec("pack", ("any",), size, channels, mean=zeros, std=ones)


def _key(sample: Sample) -> bytes:
    return sample.key.encode("utf-8", "surrogateescape") + b"\0"
