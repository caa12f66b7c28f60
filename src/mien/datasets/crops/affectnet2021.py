"""AffectNet as released in 2021: 291,651 cropped faces with four small annotation files each.

``train_set/`` and ``val_set/``, each with ``images/<id>.jpg`` and ``annotations/<id>_exp.npy``,
``_val.npy``, ``_aro.npy`` and ``_lnd.npy``. The values are texts inside their arrays.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.datasets.base import DatasetFacts, check_split
from mien.datasets.crops.affectnet import affect
from mien.datasets.files.folders import Folder
from mien.datasets.files.pictures import Picture
from mien.datasets.samples import Sample
from mien.errors import ConfigError, DatasetError
from mien.labels import AFFECTNET8
from mien.reading import read_file
from mien.registry import register_dataset

SETS = {"train": "train_set", "valid": "val_set"}
_SUFFIXES = (".jpg", ".jpeg", ".png")
_MISSING, _DAMAGED, _OUT_OF_RANGE = -1, -2, -3  # instead of a label
_UNUSABLE = {
    _MISSING: "without annotations",
    _DAMAGED: "annotations are damaged",
    _OUT_OF_RANGE: "label is out of range",
}
_MOST_BYTES = 1 << 16  # of an annotation file, which has 200
_BLOCK = 1000  # pictures whose annotations one thread reads at a time


@dataclass(slots=True)
class _Entries:
    """The annotations of one split, a few bytes per picture."""

    names: list[str]
    labels: NDArray[np.int8]
    """(N,)"""
    affect: NDArray[np.float32]
    """(N, 2) valence and arousal."""
    skipped: dict[str, list[str]] = field(default_factory=dict)


@register_dataset("affectnet2021")
class AffectNet2021:
    """The reader. ``path``: the unpacked folder that holds ``train_set``, ``val_set`` or both.

    Splits are ``train`` and ``valid``; labels are in the order of ``mien.labels.AFFECTNET8``, with
    ``classes=7`` without contempt. Pictures are in the order of their numbers: (H, W, 3) RGB uint8
    (224×224 as released), decoded when they are read.

    The annotations of a split are read once, in threads, when the split is first read. Pictures
    whose annotations are missing, damaged or out of range are left out (``skipped``), and those of
    contempt with seven classes. Landmarks are not read. Raises ``DatasetError`` where ``path`` is
    not such a release.
    """

    def __init__(self, path: str | Path, classes: str = "8") -> None:
        if classes not in ("7", "8"):
            raise ConfigError(
                f"affectnet2021 takes classes=7 (without contempt) or 8, not {classes!r}"
            )
        self.facts = DatasetFacts(name="affectnet2021", labels=AFFECTNET8[: int(classes)])
        self.path = Path(path)
        self._sets = {
            split: self.path / name
            for split, name in SETS.items()
            if (self.path / name / "images").is_dir()
        }
        if not self._sets:
            raise DatasetError(
                f"{self.path} is not AffectNet of 2021: expected an unpacked folder with "
                "train_set/images/<id>.jpg and train_set/annotations/<id>_exp.npy, or val_set"
            )
        self._read: dict[str, _Entries] = {}

    def splits(self) -> tuple[str, ...]:
        """Those of ``train`` and ``valid`` that exist."""
        return tuple(self._sets)

    def samples(self, split: str) -> Iterator[Sample]:
        """Every picture of ``split`` that has one of the labels."""
        entries = self._entries(split)
        folder = Folder(self.path)
        for name, label, (valence, arousal) in zip(
            entries.names, entries.labels, entries.affect, strict=True
        ):
            yield Sample(
                Picture(folder, f"{SETS[split]}/images/{name}"),
                int(label),
                name,
                valence=affect(float(valence)),
                arousal=affect(float(arousal)),
            )

    def skipped(self, split: str) -> dict[str, list[str]]:
        """Reason → names of the pictures of ``split`` that are left out."""
        return self._entries(split).skipped

    def _entries(self, split: str) -> _Entries:
        check_split(self, split, self.path)
        if split not in self._read:
            self._read[split] = _read_set(self._sets[split], len(self.facts.labels))
        return self._read[split]


def _read_set(place: Path, classes: int) -> _Entries:
    try:
        with os.scandir(place / "images") as found:
            names = sorted(
                (e.name for e in found if e.name.lower().endswith(_SUFFIXES) and e.name[0] != "."),
                key=lambda name: (len(name), name),  # numbers without leading zeros, in order
            )
    except OSError as error:
        raise DatasetError(f"cannot read {place / 'images'}: {error.strerror}") from None
    blocks = [names[start : start + _BLOCK] for start in range(0, len(names), _BLOCK)]
    annotations = f"{place / 'annotations'}{os.sep}"
    skipped: dict[str, list[str]] = {}
    with ThreadPoolExecutor() as pool:
        read = pool.map(partial(_annotations, annotations), blocks)
        values = np.concatenate([np.empty((0, 3), np.float32), *read])  # (N, 3)
    for code, reason in _UNUSABLE.items():
        if bad := [names[index] for index in np.flatnonzero(values[:, 0] == code)]:
            skipped[reason] = bad
    for label in range(classes, len(AFFECTNET8)):
        if others := [names[index] for index in np.flatnonzero(values[:, 0] == label)]:
            skipped[f"labelled {AFFECTNET8[label]}"] = others
    kept = np.flatnonzero((values[:, 0] >= 0) & (values[:, 0] < classes))
    return _Entries(
        [names[index] for index in kept], values[kept, 0].astype(np.int8), values[kept, 1:], skipped
    )


def _annotations(folder: str, names: list[str]) -> NDArray[np.float32]:
    """(N, 3) label, valence and arousal of each picture; a label of ``_UNUSABLE`` if they fail."""
    values = np.zeros((len(names), 3), np.float32)
    for row, name in zip(values, names, strict=True):
        stem = folder + name.rpartition(".")[0]
        try:
            label = _value(f"{stem}_exp.npy")
            row[:] = label, _value(f"{stem}_val.npy"), _value(f"{stem}_aro.npy")
            if label not in range(len(AFFECTNET8)):
                row[0] = _OUT_OF_RANGE
        except FileNotFoundError:
            row[0] = _MISSING
        except Exception:  # noqa: BLE001 - a damaged header makes NumPy raise anything
            row[0] = _DAMAGED
    return values


def _value(path: str) -> float:
    """The single number, or its text, in a ``.npy`` file.

    ``np.load`` parses every header, which takes ten times as long as reading the file.
    """
    data = read_file(path, _MOST_BYTES)
    if data[:6] != b"\x93NUMPY":
        raise ValueError("not a .npy file")
    wide = data[6] > 1  # version 1 counts the header in two bytes, later ones in four
    start = 12 + int.from_bytes(data[8:12], "little") if wide else 10 + data[8] + 256 * data[9]
    return float(np.frombuffer(data, _dtype(data[:start]), 1, start)[0])


@lru_cache(maxsize=64)
def _dtype(header: bytes) -> np.dtype[Any]:
    """The type in a ``.npy`` header; all files of a data set have the same few headers."""
    file = io.BytesIO(header)
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0
    if version != (1, 0):
        read = np.lib.format.read_array_header_2_0
    _, _, dtype = read(file)
    if dtype.hasobject:
        raise ValueError("pickled objects are not loaded")
    return dtype
