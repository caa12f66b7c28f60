"""A packed data set: every picture cropped and resized once, in memory-mapped arrays.

``mien data pack`` writes such a folder. For each split it holds ``<split>.pixels.npy``, a plain
(N, S, S) grey or (N, S, S, 3) RGB uint8 array, and ``<split>.facts.npz`` with the labels and other
facts of the pictures. ``pack.json`` says what was packed and how, ``skipped.csv`` what was skipped.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.arrays import read_arrays
from mien.datasets.base import DatasetFacts
from mien.datasets.files.split_names import is_split_name
from mien.datasets.samples import Sample, Split
from mien.errors import DatasetError, one_line
from mien.parsing import is_text, is_whole, parse_json
from mien.preprocess.crop import checked_framing
from mien.preprocess.framing import framing_of
from mien.reading import open_file, read_file
from mien.registry import register_dataset
from mien.specs.metadata import LARGEST_INPUT

VOTES, MOST_VOTES = 10, 10**6
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
            framing=framing_of(manifest["framing"]) if manifest.get("framing") else None,
            detected=tuple(manifest["detected"]) if manifest.get("detected") else None,
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
        several = self.facts.detected is not None and self.facts.detected[1] == "all"
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
                photo=key.rpartition("#")[0] if several else None,
            )

    def skipped(self, split: str) -> Mapping[str, Sequence[str]]:
        """Reason → keys of what was left out of ``split`` when it was packed."""
        reasons: dict[str, list[str]] = {}
        try:
            with io.TextIOWrapper(open_file(self.path / SKIPPED), "utf-8", newline="") as file:
                for row in csv.DictReader(file, restval=""):
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
        pixels = pixels_path(self.path, split)
        try:
            open_file(pixels).close()  # raises where NumPy would wait for a named pipe
            images = np.load(pixels, mmap_mode="r", allow_pickle=False)
            if images.shape != shape or images.dtype != np.uint8:
                raise ValueError(f"pixels are {images.dtype} {images.shape}, not uint8 {shape}")
            facts = read_arrays(facts_path(self.path, split))
            _check_facts(facts, n, len(self.facts.labels))
        except Exception as error:  # noqa: BLE001 - a damaged file makes NumPy raise anything
            reason = one_line(error)
            raise DatasetError(
                f"{self.path} is damaged, split {split!r} ({reason}): remove it and pack again"
            ) from None
        return images, facts


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The content of ``pack.json``; ``None`` without such a file, ``DatasetError`` if damaged."""
    try:
        manifest: dict[str, Any] = parse_json(read_file(folder / MANIFEST))
        if (
            isinstance(manifest, dict)
            and is_whole(form := manifest.get("format"))
            and form != FORMAT
        ):
            raise DatasetError(
                f"{folder} is packed in format {form}, and this Mien reads format {FORMAT}: pack "
                "it again"
            )
        _check_manifest(manifest)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or one_line(error)
        raise DatasetError(
            f"{folder / MANIFEST} is damaged, or belongs to another program ({reason}): remove "
            "the folder and pack again"
        ) from None
    return manifest


def _check_manifest(manifest: Any) -> None:
    """Raise ``ValueError`` for the content of a ``pack.json`` that no pack has."""
    known = manifest if isinstance(manifest, dict) else {}
    labels, pictures = known.get("labels"), known.get("pictures")
    division, origin = known.get("division"), known.get("origin")
    framing, detected = known.get("framing"), known.get("detected")
    checks = {
        "format": known.get("format") == FORMAT,
        "complete": type(known.get("complete")) is bool,
        "dataset": is_text(known.get("dataset")),
        "labels": isinstance(labels, list)
        and all(map(is_text, labels))
        and len(set(labels)) == len(labels),
        "size": is_whole(known.get("size"), 1, LARGEST_INPUT),
        "channels": is_whole(known.get("channels")) and known["channels"] in (1, 3),
        "pictures": isinstance(pictures, dict)
        and all(is_whole(count, 0) for count in pictures.values()),
        "names of splits": isinstance(pictures, dict) and all(map(is_split_name, pictures)),
        "origin": origin is None or is_text(origin),
        "framing": framing is None or _is_framing(framing),
        "detected": detected is None
        or (isinstance(detected, list) and len(detected) == 2 and all(map(is_text, detected))),
        "division": not division
        or (
            isinstance(division, list)
            and len(division) == 3
            and all(map(is_text, division[:2]))
            and is_whole(division[2], 0)
        ),
    }
    wrong = [key for key, good in checks.items() if not good]
    if wrong:
        raise ValueError(f"no valid {', '.join(wrong)}")


def _is_framing(value: Any) -> bool:
    try:
        checked_framing(value)
    except (TypeError, ValueError, KeyError):
        return False
    return True


def _check_facts(facts: Mapping[str, NDArray[Any]], n: int, labels: int) -> None:
    """Raise ``ValueError`` unless these are facts about ``n`` pictures of so many ``labels``."""
    forms = {  # name → kinds of dtype, dimensions, of which the first is n
        "labels": ("i", 1), "votes": ("i", 2), "targets": ("f", 2), "affect": ("f", 2),
        "keys": ("u", 1), "subjects": ("u", 1),
    }  # fmt: skip
    for name, array in facts.items():
        kind, dimensions = forms.get(name, ("", 0))
        if kind and (array.dtype.kind != kind or array.ndim != dimensions):
            raise ValueError(f"{name} is an array of {array.dtype} {array.shape}")
        packed_text = kind == "u"
        if kind and n != (len(_unpack_text(array)) if packed_text else len(array)):
            raise ValueError(f"{name} is about another number of pictures than {n}")
    found = facts["labels"]
    if found.min() < 0 or found.max() >= labels:
        raise ValueError("a label is out of range")
    if not facts.keys() >= {"keys"}:
        raise ValueError("the keys are missing")
    ranges = {  # name → columns, least, most
        "votes": (VOTES, 0, MOST_VOTES), "targets": (labels, 0, 1), "affect": (2, -1, 1),
    }  # fmt: skip
    for name, (columns, least, most) in ranges.items():
        values = facts.get(name, np.zeros((n, columns)))
        unknown = np.isnan(values) & (name == "affect")
        if values.shape[1] != columns:
            raise ValueError(f"{name} has {values.shape[1]} columns, not {columns}")
        if not (unknown | ((values >= least) & (values <= most))).all():
            raise ValueError(f"{name} has values that are not from {least} to {most}")


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
