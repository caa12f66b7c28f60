"""The splits of a data set as tensors for training."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mien.datasets.base import Dataset
from mien.datasets.files.decoding import decoded
from mien.datasets.packing.packed import Packed
from mien.datasets.samples import (
    Sample,
    Split,
    identity,
    make_split,
    pixel_fingerprint,
    pixel_keys,
)
from mien.datasets.splits import at_most, at_random
from mien.errors import ConfigError, DatasetError, NoFaceError
from mien.preprocess.framing import Framing
from mien.preprocess.network_input import resize_crops
from mien.specs.classifier import ModelSpec
from mien.train.classification.cleaning import softened, with_expression
from mien.train.classification.config import ClassifierConfig

MAX_ON_GPU = 8 << 30
"""Bytes of crops that are stored on a GPU; more stay in memory and are copied per batch."""
MAX_UNREADABLE = 0.05
"""Share of unreadable pictures above which a split is an error: its copy is damaged."""


@dataclass(slots=True)
class TensorSplit:
    """A decoded split; FER2013's training pictures take 66 MB."""

    crops: Tensor
    """(N, R, R, C) uint8, R = ``resize`` of the recipe; on the device, or in memory if large."""
    labels: Tensor
    """(N,) int64; these and the tensors below are on the device."""
    votes: Tensor | None
    """(N, 10) float32 FER+ votes, if the data set has them."""
    targets: Tensor | None
    """(N, K) float32 soft labels, if the data set has them."""
    affect: Tensor | None
    """(N, 2) float32 valence and arousal, NaN if unknown; ``None`` if the data set has none."""
    unreadable: tuple[tuple[str, str], ...] = ()
    """Key and reason of the pictures that were skipped."""
    origin: str = ""
    """The data set that the pictures come from; for a pack, the packed one."""
    framing: Framing | None = None
    """How the crops were cut around a detector's boxes; ``None`` if unknown."""
    fingerprint: str = ""
    """Of the pictures and labels, as ``mien data info`` prints it of a whole split."""
    missing: tuple[str, ...] = ()
    """Labels that no picture has."""
    dropped: int = 0
    """Pictures that ``ferplus_drop`` left out."""
    no_face: int = 0
    """Photos in which no face was found; they are among ``unreadable``, with that reason."""

    def __len__(self) -> int:
        return len(self.labels)

    def pictures(self, rows: Tensor) -> Tensor:
        """(n, C, R, R) float32 in [0, 1] on the device."""
        taken = self.crops[rows.to(self.crops.device)].to(self.labels.device)
        return taken.permute(0, 3, 1, 2).float() / 255


def load_split(
    dataset: Dataset, name: str, config: ClassifierConfig, spec: ModelSpec, device: torch.device
) -> TensorSplit:
    """The pictures of a split, resized, up to the limits of the recipe.

    ``limit`` pictures are drawn at random with the recipe's seed, each class by its share.

    Unreadable pictures are skipped and listed. Raises ``DatasetError`` if they are many, if no
    picture is left, and for an invalid label.
    """
    split = _stored(dataset, name, config, spec)
    unreadable: list[tuple[str, DatasetError]] = []
    dropped: list[str] = []
    if split is None:
        split, unreadable, keys = _read(dataset, name, config, spec, dropped)
    else:
        keys = pixel_keys(split.images[..., 0] if spec.channels == 1 else split.images)
    wrong = np.flatnonzero((split.labels < 0) | (split.labels >= len(spec.labels)))
    if len(wrong):
        raise DatasetError(
            f"split {name!r}: {split.keys[wrong[0]]} has the label {split.labels[wrong[0]]}, "
            f"expected 0 to {len(spec.labels) - 1} ({', '.join(spec.labels)})"
        )
    if config.ferplus_soften and name == config.train_split:
        split = _softened(split, spec, config.ferplus_soften)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a mapped file may not be written to, and never is
        pictures = torch.from_numpy(split.images)
    if device.type != "cpu" and pictures.nbytes <= MAX_ON_GPU:
        pictures = pictures.to(device)

    def moved(array: NDArray[np.float32] | None) -> Tensor | None:
        return None if array is None else torch.from_numpy(array).to(device)

    return TensorSplit(
        crops=pictures,
        labels=torch.from_numpy(split.labels).to(device),
        votes=moved(split.votes),
        targets=moved(split.targets),
        affect=moved(split.affect),
        unreadable=tuple((key, str(error)) for key, error in unreadable),
        no_face=_no_face(unreadable),
        dropped=len(dropped),
        origin=dataset.facts.origin,
        framing=dataset.facts.framing,
        fingerprint=pixel_fingerprint(split.labels.tolist(), keys),
        missing=tuple(
            label for index, label in enumerate(spec.labels) if not (split.labels == index).any()
        ),
    )


def _stored(dataset: Dataset, name: str, config: ClassifierConfig, spec: ModelSpec) -> Split | None:
    """A split that ``mien data pack`` stored at this size, mapped from the file without a copy."""
    selects = config.limit or config.max_per_class or _drops(name, config)
    if not isinstance(dataset, Packed) or selects:
        return None
    split = dataset.arrays(name)
    images = split.images if split.images.ndim == 4 else split.images[..., None]  # (N, R, R, C)
    fits = images.shape[1:] == (config.resize, config.resize, spec.channels)
    return replace(split, images=images) if fits else None


def _softened(split: Split, spec: ModelSpec, share: float) -> Split:
    """``split`` with soft labels, if it has votes. Raises ``ConfigError`` if it has soft ones."""
    if split.targets is not None:
        raise ConfigError("ferplus_soften: this data set gives soft labels itself; set it to 0")
    if split.votes is None:
        return split
    return replace(split, targets=softened(split.labels, split.votes, spec.labels, share))


def _read(
    dataset: Dataset, name: str, config: ClassifierConfig, spec: ModelSpec, dropped: list[str]
) -> tuple[Split, list[tuple[str, DatasetError]], list[bytes]]:
    """A split with ``images`` (N, R, R, C), key and error of unreadable pictures, pixel keys.

    A photo without a face is not used either, but is no sign of a damaged copy. Keys of what
    ``ferplus_drop`` leaves out are added to ``dropped``.
    """
    keys: list[bytes] = []
    kept: list[Sample] = []
    unreadable: list[tuple[str, DatasetError]] = []
    crops: list[NDArray[np.uint8]] = []
    for sample, image in decoded(_chosen(dataset, name, config, dropped)):
        if isinstance(image, DatasetError):
            unreadable.append((sample.key, image))
            continue
        keys.append(identity(sample, image))
        crops.append(resize_crops([image], spec))  # at once: originals may be large
        kept.append(sample)
    if not kept:
        reason = f": {unreadable[0][1]}" if unreadable else ""
        raise DatasetError(f"split {name!r} holds no pictures{reason}")
    damaged = [error for _, error in unreadable if not isinstance(error, NoFaceError)]
    total = len(kept) + len(unreadable)
    if len(damaged) > max(1, MAX_UNREADABLE * total):
        raise DatasetError(
            f"split {name!r}: {len(damaged)} of {total} pictures cannot be read, the first: "
            f"{damaged[0]}"
        )
    return make_split(_concatenate(crops), kept), unreadable, keys


def _no_face(unreadable: Sequence[tuple[str, DatasetError]]) -> int:
    return sum(isinstance(error, NoFaceError) for _, error in unreadable)


def _concatenate(crops: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """The crops as one array; each is freed as soon as it is copied, to need memory only once."""
    out = np.empty((len(crops), *crops[0].shape[1:]), np.uint8)
    for row in range(len(crops) - 1, -1, -1):
        out[row] = crops.pop()[0]
    return out


def _chosen(
    dataset: Dataset, name: str, config: ClassifierConfig, dropped: list[str]
) -> Iterator[Sample]:
    """The samples of a split, up to ``limit`` and in training ``max_per_class``, at random."""

    def samples(dropped: list[str]) -> Iterator[Sample]:
        every = dataset.samples(name)
        return with_expression(every, dropped) if _drops(name, config) else every

    most = config.max_per_class if name == config.train_split else None
    if config.limit is None and most is None:
        yield from samples(dropped)
        return
    labels = np.array([sample.label for sample in samples(dropped)], np.int64)
    drawn = at_random(labels.tolist(), config.limit, config.seed)
    if most is not None:
        drawn = drawn[at_most(labels[drawn].tolist(), most, config.seed)]
    kept = set(drawn.tolist())
    for index, sample in enumerate(samples([])):
        if index in kept:
            yield sample


def _drops(name: str, config: ClassifierConfig) -> bool:
    return config.ferplus_drop and name == config.train_split
