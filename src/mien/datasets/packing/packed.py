"""A packed data set: every picture cropped and resized once, in memory-mapped arrays.

``mien data pack`` writes such a folder. For each split it holds ``<split>.pixels.npy``, a plain
(N, S, S) grey or (N, S, S, 3) RGB uint8 array, and ``<split>.facts.npz`` with the labels and other
facts of the pictures. ``pack.json`` says what was packed and how, ``skipped.csv`` what was skipped.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.datasets.base import DatasetFacts
from mien.datasets.samples import Sample, Split
from mien.errors import DatasetError, one_line
from mien.registry import register_dataset

FORMAT = 1
"""Version of the folder's format in ``pack.json``; no other version can be read."""
MANIFEST = "pack.json"
SKIPPED = "skipped.csv"
"""The table of pictures that are not in the pack: split, picture and reason."""

Fact = Sequence[Any]
"""Label, key, votes, target, valence, arousal and subject of one sample, JSON-ready."""


@register_dataset("packed")
class Packed:
    """The reader. ``path``: a folder that ``mien data pack`` has completed.

    Labels and splits are those of the packed data set. Raises ``DatasetError`` where the folder is
    not a pack, or is unfinished or damaged.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        manifest = read_manifest(self.path)
        if manifest is None:
            raise DatasetError(
                f"{self.path} is not a packed data set: expected a folder written by "
                f"'mien data pack', with {MANIFEST}"
            )
        if not manifest["complete"]:
            raise DatasetError(
                f"{self.path} is an unfinished pack: run its 'mien data pack' command again"
            )
        self.manifest = manifest
        self.facts = DatasetFacts(
            name=f"{manifest['dataset']} packed at {manifest['size']}",
            labels=tuple(manifest["labels"]),
            origin=manifest.get("origin") or manifest["dataset"],
            division=tuple(manifest["division"]) if manifest.get("division") else None,
        )
        self._arrays: dict[str, tuple[NDArray[np.uint8], dict[str, NDArray[Any]]]] = {}

    def splits(self) -> tuple[str, ...]:
        """Splits of the packed data set of which at least one picture could be read."""
        return tuple(split for split, n in self.manifest["pictures"].items() if n)

    def samples(self, split: str) -> Iterator[Sample]:
        """Every picture of ``split`` in the packed order, each a read-only view of the file."""
        images, facts = self._split(split)
        keys = _unpack_text(facts["keys"])
        subjects = _unpack_text(facts["subjects"]) if "subjects" in facts else None
        votes, targets, affect = (facts.get(name) for name in ("votes", "targets", "affect"))
        for index, (image, label, key) in enumerate(
            zip(images, facts["labels"], keys, strict=True)
        ):
            valence, arousal = (None, None) if affect is None else map(_known, affect[index])
            yield Sample(
                np.asarray(image),
                int(label),
                key,
                votes=None if votes is None else tuple(votes[index].tolist()),
                target=None if targets is None else tuple(targets[index].tolist()),
                valence=valence,
                arousal=arousal,
                subject=None if subjects is None else subjects[index] or None,
            )

    def skipped(self, split: str) -> Mapping[str, Sequence[str]]:
        """Reason → keys of what was left out of ``split`` when it was packed."""
        reasons: dict[str, list[str]] = {}
        try:
            with (self.path / SKIPPED).open(encoding="utf-8", newline="") as file:
                for row in csv.DictReader(file):
                    if row["split"] == split:
                        reasons.setdefault(row["reason"], []).append(row["picture"])
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, csv.Error) as error:
            raise DatasetError(f"{self.path / SKIPPED} is damaged ({error!r})") from None
        return reasons

    def arrays(self, split: str) -> Split:
        """The whole split without a copy: ``images`` is the memory-mapped file."""
        images, facts = self._split(split)
        return Split(
            images=images,
            labels=facts["labels"],
            keys=tuple(_unpack_text(facts["keys"])),
            votes=_as_float(facts.get("votes")),
            targets=_as_float(facts.get("targets")),
            affect=_as_float(facts.get("affect")),
        )

    def _split(self, split: str) -> tuple[NDArray[np.uint8], dict[str, NDArray[Any]]]:
        if split not in self.splits():
            splits = ", ".join(self.splits())
            raise DatasetError(f"{self.path} has no split {split!r} (it has: {splits})")
        if split not in self._arrays:
            self._arrays[split] = self._open(split)
        return self._arrays[split]

    def _open(self, split: str) -> tuple[NDArray[np.uint8], dict[str, NDArray[Any]]]:
        side, channels = self.manifest["size"], self.manifest["channels"]
        n = self.manifest["pictures"][split]
        shape = (n, side, side) if channels == 1 else (n, side, side, channels)
        try:
            images = np.load(pixels_path(self.path, split), mmap_mode="r", allow_pickle=False)
            with np.load(facts_path(self.path, split), allow_pickle=False) as stored:
                facts = dict(stored)
            counts = {name: len(array) for name, array in facts.items() if array.dtype != np.uint8}
            if images.shape != shape or images.dtype != np.uint8:
                raise ValueError(f"pixels are {images.dtype} {images.shape}, not uint8 {shape}")
            if counts != dict.fromkeys(counts, n) or len(_unpack_text(facts["keys"])) != n:
                raise ValueError(f"there are facts about {counts} pictures, not about {n}")
            if facts["labels"].min() < 0 or facts["labels"].max() >= len(self.facts.labels):
                raise ValueError("a label is out of range")
        except Exception as error:  # noqa: BLE001 - a damaged file makes NumPy raise anything
            reason = one_line(error)
            raise DatasetError(
                f"{self.path} is damaged, split {split!r} ({reason}): remove it and pack again"
            ) from None
        return images, facts


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The content of ``pack.json``; ``None`` without such a file, ``DatasetError`` if damaged."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text("utf-8"))
        if manifest["format"] != FORMAT:
            raise DatasetError(
                f"{folder} is packed in format {manifest['format']}, and this Mien reads format "
                f"{FORMAT}: pack it again"
            )
        expected = {"complete": bool, "labels": list, "dataset": str, "size": int}
        expected |= {"channels": int, "pictures": dict}
        if not all(isinstance(manifest[key], kind) for key, kind in expected.items()):
            raise ValueError("a value of the wrong type")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DatasetError(
            f"{folder / MANIFEST} is damaged, or belongs to another program ({error!r}): remove "
            "the folder and pack again"
        ) from None
    return manifest


def pixels_path(folder: Path, split: str) -> Path:
    """The file of the pictures of ``split``."""
    return folder / f"{split}.pixels.npy"


def facts_path(folder: Path, split: str) -> Path:
    """The file of all other facts about the pictures of ``split``."""
    return folder / f"{split}.facts.npz"


def fact(sample: Sample) -> Fact:
    """What a pack stores of a sample beside its pixels."""
    s = sample
    return (int(s.label), s.key, s.votes, s.target, s.valence, s.arousal, s.subject)


def facts_bytes(facts: Iterable[Fact]) -> bytes:
    """The ``.npz`` file of the facts about N pictures, without facts that none of them has."""
    columns: tuple[list[Any], ...] = ([], [], [], [], [], [], [])
    for row in facts:
        for column, value in zip(columns, row, strict=True):
            column.append(value)
    labels, keys, votes, targets, valence, arousal, subjects = columns
    arrays: dict[str, NDArray[Any]] = {
        "labels": np.array(labels, np.int64),  # (N,)
        "keys": _pack_text(keys),
    }
    if None not in votes:
        arrays["votes"] = np.array(votes, np.int64)  # (N, 10)
    if None not in targets:
        arrays["targets"] = np.array(targets, np.float64)  # (N, K)
    affect = np.array([valence, arousal], np.float64).T  # (N, 2), None becomes NaN
    if not np.isnan(affect).all():
        arrays["affect"] = affect
    if any(subjects):
        arrays["subjects"] = _pack_text([subject or "" for subject in subjects])
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def _pack_text(texts: Sequence[str]) -> NDArray[np.uint8]:
    """UTF-8 with a zero byte after each text, which no file name can contain."""
    text = "".join(f"{text}\0" for text in texts)
    return np.frombuffer(text.encode("utf-8", "surrogateescape"), np.uint8)


def _unpack_text(packed: NDArray[np.uint8]) -> list[str]:
    return packed.tobytes().decode("utf-8", "surrogateescape").split("\0")[:-1]


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _as_float(values: NDArray[Any] | None) -> NDArray[np.float32] | None:
    return None if values is None else values.astype(np.float32)
