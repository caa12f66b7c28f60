"""A classifier's answers to one split: the input of measures, figures and comparisons."""

from __future__ import annotations

import io
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.errors import InputError, one_line
from mien.files import write_whole


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
        arrays: dict[str, Any] = {f.name: np.asarray(getattr(self, f.name)) for f in fields(self)}
        np.savez_compressed(buffer, **arrays)
        write_whole(Path(path), buffer.getvalue())

    @classmethod
    def load(cls, path: str | Path) -> Predictions:
        """Read a file that ``save`` wrote; no code in it is executed. Raises ``InputError``."""
        try:
            with np.load(path, allow_pickle=False) as file:
                raw = {field.name: np.asarray(file[field.name]) for field in fields(cls)}
            n, k = raw["probs"].shape
            fit = all(raw[name].shape == (n,) for name in ("labels", "keys", "repeated"))
            known = raw["labels"].dtype == np.int64 and np.isin(raw["labels"], range(k)).all()
            if not (n and fit and known and raw["names"].shape == (k,)):
                raise ValueError("the shapes of its arrays do not match")
        except FileNotFoundError:
            raise InputError(f"no predictions at {path}") from None
        except Exception as error:  # noqa: BLE001 - a damaged file makes NumPy raise anything
            reason = one_line(error)
            raise InputError(
                f"{path} is not a file of predictions by 'mien evaluate': {reason}"
            ) from None
        values: dict[str, Any] = {
            name: value if value.ndim else value.item() for name, value in raw.items()
        }
        for name in ("names", "keys", "skipped"):
            values[name] = tuple(map(str, values[name]))
        return cls(**values)


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
