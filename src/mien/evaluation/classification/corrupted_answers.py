"""A classifier's answers to one split, clean and with every corruption of every strength."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
from numpy.typing import NDArray

from mien.arrays import read_arrays, texts
from mien.errors import InputError, one_line
from mien.evaluation.corruptions import STRENGTHS
from mien.files import write_whole


@dataclass(frozen=True, slots=True, eq=False)
class CorruptedAnswers:
    """The most probable classes of N pictures, in the order of the split."""

    clean: NDArray[np.int64]
    """(N,) the answer to each picture as it is, an index into ``names``."""
    corrupted: NDArray[np.int64]
    """(N, C, S) its answers to each of C kinds and S = 5 strengths."""
    labels: NDArray[np.int64]
    """(N,) the data set's labels, as indices into ``names``."""
    names: tuple[str, ...]
    """The data set's labels, in its order, then those that only the model knows."""
    keys: tuple[str, ...]
    """Names of the pictures in the data set."""
    kinds: tuple[str, ...]
    """Names of the C kinds of corruption."""
    levels: NDArray[np.float64]
    """(C, S) what their strengths stand for (``mien.evaluation.corruptions.CORRUPTIONS``)."""
    model: str
    model_hash: str
    """``ModelSpec.sha256`` of the model; may be empty."""
    dataset: str
    split: str
    splits: str
    """How the data set was divided: ``official``, or such as ``random:90/10``."""
    fingerprint: str
    """Of the labels and clean pixels (``mien.datasets.samples.pixel_fingerprint``)."""
    skipped: tuple[str, ...] = ()
    """Pictures that could not be read, each with the reason; they are not among the N."""
    no_face: tuple[str, ...] = ()
    """Names of the M photos in which no face was found; they are not among the N."""
    no_face_labels: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    """(M,) their labels."""

    def __len__(self) -> int:
        return len(self.labels)

    def save(self, path: str | Path) -> None:
        """Write a compressed ``.npz`` of plain arrays, whole or not at all.

        Raises ``OutputError``.
        """
        buffer = io.BytesIO()
        arrays: dict[str, Any] = {f.name: np.asarray(getattr(self, f.name)) for f in fields(self)}
        np.savez_compressed(buffer, **arrays)
        write_whole(Path(path), buffer.getvalue())

    @classmethod
    def load(cls, path: str | Path) -> CorruptedAnswers:
        """Read a file that ``save`` wrote; no code in it is executed. Raises ``InputError``."""
        try:
            return cls._of(read_arrays(Path(path)))
        except FileNotFoundError:
            raise InputError(f"no answers at {path}") from None
        except (OSError, ValueError, LookupError) as error:
            reason = getattr(error, "strerror", None) or one_line(error)
            raise InputError(
                f"{path} is not a file of answers by 'mien evaluate --corruptions': {reason}"
            ) from None

    @classmethod
    def _of(cls, raw: Mapping[str, NDArray[Any]]) -> CorruptedAnswers:
        values: dict[str, Any] = {each.name: raw[each.name] for each in fields(cls)}
        for name, kind in get_type_hints(cls).items():
            if kind is str:
                values[name] = values[name].item()
                if type(values[name]) is not str:
                    raise ValueError(f"{name} is not a text")
        for name in ("names", "keys", "kinds", "skipped", "no_face"):
            values[name] = texts(values[name])
        n, classes, kinds = (len(values[name]) for name in ("keys", "names", "kinds"))
        lost = len(values["no_face"])
        shapes = {
            "clean": (n,), "corrupted": (n, kinds, len(STRENGTHS)), "labels": (n,),
            "no_face_labels": (lost,),
        }  # fmt: skip
        for name, shape in shapes.items():
            array = values[name]
            if array.shape != shape or array.dtype != np.int64 or not (n and kinds):
                raise ValueError("the shapes or types of its arrays do not match")
            if array.size and not (array.min() >= 0 and array.max() < classes):
                raise ValueError("its answers and labels are not indices of its names")
        levels = values["levels"]
        if levels.shape != shapes["corrupted"][1:] or levels.dtype != np.float64:
            raise ValueError("the shapes or types of its arrays do not match")
        if not np.isfinite(levels).all() or len(set(values["kinds"])) != kinds:
            raise ValueError("its kinds of corruption are not distinct or their levels not finite")
        return cls(**values)
