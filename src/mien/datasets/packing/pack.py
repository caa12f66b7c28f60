"""Pack a data set: decode, crop and resize every picture once, on all cores, into mapped arrays.

Pictures are packed in order, in constant memory. A killed run resumes where ``PackWriter`` last
wrote. A picture that cannot be read is skipped and listed with the reason, and so is what the
reader leaves out. ``mien.datasets.packing.packed`` reads the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import cv2

from mien.datasets.base import Dataset
from mien.datasets.boxes import KEPT
from mien.datasets.files.decoding import in_threads
from mien.datasets.packing.packed import FORMAT, Fact, fact
from mien.datasets.packing.writer import PackWriter, open_pack
from mien.datasets.samples import Pixels, Sample
from mien.errors import NO_FACE, ConfigError, NoFaceError
from mien.preprocess.network_input import resize_crops
from mien.runtime import usable_cores
from mien.specs.classifier import ModelSpec

CHUNK = 1024
"""Pictures written at a time: at most this many are done again after a kill."""
_CHUNK_BYTES = 32 * 2**20  # fewer where they are large, since they wait in memory
SIZES = (8, 512)
"""Smallest and largest side, pixels."""
_BLOCK = 16  # pictures that a thread takes at a time
_FIRST = 64  # pictures that decide whether a data set is grey

OnProgress = Callable[[int, int | None], None]
"""Called with the number of pictures packed or skipped, earlier runs included, and ``None``: the
total is unknown."""


@dataclass(frozen=True, slots=True)
class Packing:
    """What ``pack`` left in its folder."""

    pictures: dict[str, int]
    """Packed pictures of each split, in the data set's order."""
    skipped: int
    """Pictures that could not be read; ``skipped.csv`` lists them with the reasons."""
    left_out: int
    """What the reader leaves out, such as boxes without area; listed there too."""
    channels: int
    """1 (grey) or 3 (RGB)."""
    done_now: int
    """Pictures that this run packed or skipped; 0 where the pack was complete."""
    no_face: int = 0
    """Photos in which no face was found; listed in ``skipped.csv`` too."""


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
    """Pack every split of ``dataset`` into the folder ``out``, or resume what is there.

    Pictures become ``size`` × ``size`` pixels by ``resize_crops``, as for every network: cut
    square, in the pack's colours, by area where they shrink. A JPEG more than four times as large
    is decoded at a fraction of its size first (``Sample.reduced``), unless ``exact``.
    ``channels``: 1 or 3; ``None``: 1 where the first pictures are grey, else 3. ``source`` and
    ``options`` are stored: only a call with the same ones resumes the pack. ``workers``: threads,
    by default one for each usable core.

    Raises ``ConfigError`` for values out of range and where ``out`` holds something else or another
    process packs into it, ``DatasetError`` where the data set cannot be read, or not a single
    picture of it, and ``OutputError`` where ``out`` cannot be written. What was written stays in
    every case.
    """
    if not SIZES[0] <= size <= SIZES[1]:
        raise ConfigError(f"size must be from {SIZES[0]} to {SIZES[1]} pixels, got {size}")
    if channels not in (None, 1, 3):
        raise ConfigError(f"channels must be 1 (grey) or 3 (RGB), got {channels}")
    facts = dataset.facts
    request = {
        "format": FORMAT,
        "dataset": facts.name,
        # ``None`` is not compared with an unfinished pack: those of earlier versions lack both.
        "origin": facts.origin if facts.origin != facts.name else None,
        "division": list(facts.division) if facts.division else None,
        "options": list(options),
        "source": str(Path(source).resolve()),
        "labels": list(facts.labels),
        "framing": facts.framing and {**facts.framing, "offset": list(facts.framing["offset"])},
        "detected": list(facts.detected) if facts.detected else None,
        "size": size,
        "channels": channels,
        "exact": exact,
    }
    done_now = 0
    with open_pack(Path(out), request, lambda: _channels(dataset)) as writer:
        manifest = writer.manifest
        if not manifest["complete"]:
            spec, done = _spec(size, manifest["channels"]), 0
            shrink = partial(_shrink, spec=spec, exact=exact, classes=len(facts.labels))
            with _one_thread_each():
                for split in dataset.splits():
                    resumed = writer.resume(split)
                    done += len(resumed)
                    for count in _pack_split(dataset, split, writer, resumed, shrink, workers):
                        done_now += count
                        if on_progress:
                            on_progress(done + done_now, None)
            writer.finish({split: _left_out(dataset, split) for split in dataset.splits()})
        else:
            writer.tidy()
    return Packing(
        pictures=dict(manifest["pictures"]),
        skipped=manifest["skipped"] - manifest.get("no_face", 0),
        no_face=manifest.get("no_face", 0),
        left_out=manifest.get("left_out", 0),  # the first packs lack it
        channels=manifest["channels"],
        done_now=done_now,
    )


def _left_out(dataset: Dataset, split: str) -> dict[str, Sequence[str]]:
    """Reason → keys of what the reader left out; what it repaired is packed."""
    skipped = dataset.skipped(split)
    return {reason: keys for reason, keys in skipped.items() if reason not in KEPT}


def _pack_split(
    dataset: Dataset,
    split: str,
    writer: PackWriter,
    resumed: Sequence[str],
    shrink: Callable[[Sample], Pixels | str],
    workers: int | None,
) -> Iterator[int]:
    """Pack the rest of ``split`` after the ``resumed`` keys; yields pictures since the last."""
    samples = iter(dataset.samples(split))
    if [sample.key for sample in islice(samples, len(resumed))] != resumed:
        raise ConfigError(
            f"{writer.folder} cannot be resumed: split {split!r} no longer begins with the "
            f"{len(resumed):,} pictures packed so far; give another folder, or remove this one"
        )
    workers = workers or usable_cores()
    chunk = min(CHUNK, max(1, _CHUNK_BYTES // writer.row_bytes))
    waiting: list[tuple[Fact, Pixels | str]] = []
    for block, results in in_threads(
        lambda block: list(map(shrink, block)), _blocks(samples), ahead=4 * workers, workers=workers
    ):
        waiting += zip(map(fact, block), results, strict=True)
        yield len(block)
        if len(waiting) >= chunk:
            writer.append(split, waiting)
            waiting = []
    writer.append(split, waiting)


def _blocks(samples: Iterator[Sample]) -> Iterator[list[Sample]]:
    while block := list(islice(samples, _BLOCK)):
        yield block


def _shrink(sample: Sample, spec: ModelSpec, exact: bool, classes: int) -> Pixels | str:
    """(S, S) or (S, S, 3) pixels of a sample, or why it cannot be packed."""
    if not 0 <= sample.label < classes:
        return f"label {sample.label} is not from 0 to {classes - 1}"
    try:
        image = sample.image if exact else sample.reduced(spec.input_size)
        resized: Pixels = resize_crops([image], spec)[0]  # (S, S, C)
    except NoFaceError:
        return NO_FACE
    except Exception as error:  # noqa: BLE001 - a damaged picture makes decoders raise anything
        return str(error) or type(error).__name__
    return resized[..., 0] if spec.channels == 1 else resized


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Keep OpenCV from dividing a picture among threads of its own: every core has a picture."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def _channels(dataset: Dataset) -> int:
    """1 where the first readable pictures are all grey, else 3."""
    for split in dataset.splits():
        shapes = []
        for sample in islice(dataset.samples(split), _FIRST):
            with suppress(Exception):  # reported when the picture is packed
                shapes.append(sample.image.ndim)
        if shapes:
            return 1 if set(shapes) == {2} else 3
    return 3


def _spec(size: int, channels: int) -> ModelSpec:
    """What ``resize_crops`` needs to know."""
    zeros, ones = (0.0,) * channels, (1.0,) * channels
    return ModelSpec("pack", ("any",), size, channels, mean=zeros, std=ones)
