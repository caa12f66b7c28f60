"""A classifier's answers to one split: the input of measures, figures and comparisons."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
from numpy.typing import NDArray

from mien.arrays import read_arrays, texts
from mien.errors import InputError, one_line
from mien.files import write_whole

ADDED = ("temperature", "uncalibrated", "affect", "affect_known")
"""Fields that files of earlier versions lack."""
_ROUNDING = 1e-2  # of probabilities that were averaged or stored with 16 bits


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """N answers over K classes, in the order of the split."""

    probs: NDArray[np.float32]
    """(N, K); rows sum to 1."""
    labels: NDArray[np.int64]
    """(N,) the data set's labels, as indices into ``names``."""
    names: tuple[str, ...]
    """The data set's labels, in its order, then those that only the model knows."""
    keys: tuple[str, ...]
    """Names of the pictures in the data set."""
    repeated: NDArray[np.bool_]
    """(N,) whether the pixels equal those of a picture of the split ``repeats_of``."""
    model: str
    model_hash: str
    """``ModelSpec.sha256`` of the model; may be empty."""
    dataset: str
    split: str
    splits: str
    """How the data set was divided: ``official``, or such as ``random:90/10``."""
    tta: bool
    """Whether ten crops were averaged."""
    fingerprint: str
    """Of the split's labels and pixels (``mien.datasets.samples.pixel_fingerprint``)."""
    repeats_of: str
    """Empty if repeats were not looked for."""
    skipped: tuple[str, ...] = ()
    """Pictures that could not be read, each with the reason; they are not among the N."""
    no_face: tuple[str, ...] = ()
    """Names of the M photos in which no face was found; they are not among the N."""
    no_face_labels: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    """(M,) their labels."""
    temperature: float = 1.0
    """The model's: its logits were divided by it."""
    uncalibrated: NDArray[np.float32] | None = None
    """(N, K) probabilities at temperature 1; ``None`` if ``probs`` are, or in older files."""
    affect: NDArray[np.float32] | None = None
    """(N, 2) estimated valence and arousal; ``None`` if the model estimates none."""
    affect_known: NDArray[np.float32] | None = None
    """(N, 2) of the data set, NaN where unknown; ``None`` if it knows none."""

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def predicted(self) -> NDArray[np.int64]:
        """(N,) most probable class."""
        return np.asarray(self.probs.argmax(axis=1), np.int64)

    def save(self, path: str | Path) -> None:
        """Write a compressed ``.npz`` of plain arrays, whole or not at all.

        Raises ``OutputError``.
        """
        buffer = io.BytesIO()
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        arrays: dict[str, Any] = {k: np.asarray(v) for k, v in values.items() if v is not None}
        np.savez_compressed(buffer, **arrays)
        write_whole(Path(path), buffer.getvalue())

    @classmethod
    def load(cls, path: str | Path) -> Predictions:
        """Read a file that ``save`` wrote; no code in it is executed. Raises ``InputError``."""
        try:
            return cls._of(read_arrays(Path(path)))
        except FileNotFoundError:
            raise InputError(f"no predictions at {path}") from None
        except (OSError, ValueError, LookupError) as error:
            reason = getattr(error, "strerror", None) or one_line(error)
            raise InputError(
                f"{path} is not a file of predictions by 'mien evaluate': {reason}"
            ) from None

    @classmethod
    def _of(cls, raw: Mapping[str, NDArray[Any]]) -> Predictions:
        none = {"no_face": np.empty(0, "U1"), "no_face_labels": np.empty(0, np.int64)}
        raw = {**none, **raw}  # files of earlier versions lack them
        values: dict[str, Any] = {
            field.name: raw[field.name]
            for field in fields(cls)
            if field.name in raw or field.name not in ADDED  # which then has its default
        }
        for name in ("names", "keys", "skipped", "no_face"):
            values[name] = texts(values[name])
        for name, kind in get_type_hints(cls).items():
            if kind in (str, bool, float) and name in values:
                values[name] = values[name].item()
                if type(values[name]) is not kind:
                    raise ValueError(f"{name} is not {kind.__name__}")
        probs, labels, repeated = (values[name] for name in ("probs", "labels", "repeated"))
        n, k = len(values["keys"]), len(values["names"])
        if not n or probs.shape != (n, k) or not labels.shape == repeated.shape == (n,):
            raise ValueError("the shapes of its arrays do not match")
        if (probs.dtype.kind, labels.dtype, repeated.dtype) != ("f", np.int64, np.bool_):
            raise ValueError("the types of its arrays do not match")
        lost = values["no_face_labels"]
        if lost.shape != (len(values["no_face"]),) or lost.dtype != np.int64:
            raise ValueError("its photos without a face do not match their labels")
        labels = np.concatenate([labels, lost])
        if not (labels.min() >= 0 and labels.max() < k and len(set(values["names"])) == k):
            raise ValueError("its labels are not indices of distinct names")
        for each in (probs, values.get("uncalibrated", probs)):
            if each.shape != probs.shape or each.dtype.kind != "f":
                raise ValueError("the shapes or types of its arrays do not match")
            if not (each.min() >= 0 and np.abs(each.sum(axis=1) - 1).max() < _ROUNDING):
                raise ValueError("its probabilities do not sum to 1")
        if not 0 < values.get("temperature", 1.0) < math.inf:
            raise ValueError("its temperature is not a positive number")
        for name in ("affect", "affect_known"):
            if name in values:
                _check_affect(values[name], n, unknown=name == "affect_known")
        return cls(**values)


def _check_affect(values: NDArray[Any], n: int, unknown: bool) -> None:
    if values.shape != (n, 2) or values.dtype.kind != "f":
        raise ValueError("the shapes or types of its arrays do not match")
    inside = np.abs(values) <= 1
    if not (inside | (np.isnan(values) & unknown)).all():
        raise ValueError("its valence and arousal are not from -1 to 1")


def surest_mistakes(predictions: Predictions, count: int) -> NDArray[np.int64]:
    """Indices of at most ``count`` wrong answers, the most confident first."""
    wrong = np.flatnonzero(predictions.predicted != predictions.labels)
    order = np.argsort(-predictions.probs[wrong].max(axis=1), kind="stable")
    return wrong[order][:count]


def examples(predictions: Predictions, count: int) -> NDArray[np.int64]:
    """Indices of at most ``count`` informative answers: half of them correct, half wrong.

    The correct ones come from each class in turn, those of median confidence first: very confident
    ones show little. The wrong ones are the most confident of all.
    """
    wrong = surest_mistakes(predictions, count // 2)
    right = np.flatnonzero(predictions.predicted == predictions.labels)
    dealt: list[tuple[int, int, int]] = []  # (round, class, index)
    for label in np.unique(predictions.labels[right]):
        own = right[predictions.labels[right] == label]
        confidence = predictions.probs[own].max(axis=1)
        order = np.argsort(np.abs(confidence - np.median(confidence)), kind="stable")
        dealt += [(turn, int(label), int(index)) for turn, index in enumerate(own[order])]
    chosen = [index for _, _, index in sorted(dealt)[: count - len(wrong)]]
    return np.array([*chosen, *wrong], np.int64)
