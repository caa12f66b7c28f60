"""How good a classifier is on one split, from its answers; NumPy only.

FER2013 repeats training pictures in its test splits, so the headline figures come with and without
those. Photos in which no face was found are wrong in the headline figures, and left out of a second
set of them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.errors import NO_FACE
from mien.evaluation import metrics
from mien.evaluation.classification.affect import AffectScores, measure_affect
from mien.evaluation.classification.predictions import Predictions
from mien.evaluation.metrics import Interval


@dataclass(frozen=True, slots=True)
class Headline:
    """Measures of one set of pictures; all but ``n`` and ``nll`` are in [0, 1].

    Photos without a face have no probabilities: ``ece``, ``nll`` and ``aurc`` are about the others.
    """

    n: int
    """Pictures measured."""
    accuracy: float
    """Share of correct answers (weighted average recall)."""
    balanced_accuracy: float
    """Mean recall over the classes that occur (unweighted average recall)."""
    macro_f1: float
    """Mean F1 over the classes that occur or are predicted."""
    ece: float
    """Expected calibration error, 15 bins (Guo et al. 2017)."""
    nll: float
    """Mean negative log likelihood, nats."""
    aurc: float
    """Area under the risk-coverage curve: lower if confidence separates right from wrong."""
    ece_uncalibrated: float | None
    """ECE at temperature 1; ``None`` if that is the model's, or unknown."""
    nll_uncalibrated: float | None
    """NLL at temperature 1; ``None`` likewise."""
    intervals: dict[str, Interval]
    """Bootstrapped 95 % intervals of ``accuracy``, ``balanced_accuracy`` and ``macro_f1``."""


@dataclass(frozen=True, slots=True)
class ClassScores:
    """Scores of one class: precision, recall and F1 in [0, 1]."""

    precision: float
    recall: float
    f1: float
    support: int
    """Pictures with its label."""


@dataclass(frozen=True, slots=True)
class Evaluation(Headline):
    """A classifier measured on one split."""

    per_class: dict[str, ClassScores]
    """In the order of ``labels``."""
    confusion: tuple[tuple[int, ...], ...]
    """Counts: rows are true classes, columns predicted classes, in the order of ``labels``; then a
    column of photos in which no face was found, if there are any."""
    labels: tuple[str, ...]
    """The data set's labels, in its order, then those that only the model knows."""
    model: str
    dataset: str
    split: str
    tta: bool
    """Whether ten crops were averaged."""
    without_duplicates: Headline | None
    """Measures without pictures whose pixels equal one of the split ``duplicates_of``; ``None`` if
    that split is the measured one, does not exist, or was not requested."""
    duplicates_of: str | None
    splits: str
    """How the data set was divided: ``official``, or such as ``random:90/10``."""
    fingerprint: str
    """Of the split's pictures and labels: figures are comparable only if it is the same."""
    skipped: tuple[str, ...]
    """Pictures that could not be read, with the reason; they are in no figure."""
    no_face: tuple[str, ...] = ()
    """Photos in which no face was found; they count as wrong."""
    with_face: Headline | None = None
    """Measures without them; ``None`` if there are none."""
    temperature: float = 1.0
    """The model's: its logits were divided by it."""
    affect: dict[str, AffectScores] = field(default_factory=dict)
    """``valence`` and ``arousal`` → scores; empty if the model or the data has none."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Headings of the columns of ``confusion``."""
        return (*self.labels, NO_FACE) if self.no_face else self.labels

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; floats are not rounded."""
        return asdict(self)


def measure(predictions: Predictions) -> Evaluation:
    """Every measure of a classifier's answers."""
    made, fresh = predictions, ~predictions.repeated
    without = None
    if made.repeats_of and fresh.any():
        without = _headline(made, fresh, made.no_face_labels)
    everything = np.ones(len(made), bool)
    confusion = _confusion(made.probs, made.labels, made.no_face_labels)
    scores = zip(*metrics.precision_recall_f1(confusion), confusion.sum(axis=1), strict=True)
    headline = _headline(made, everything, made.no_face_labels)
    affect: dict[str, AffectScores] = {}
    if made.affect is not None and made.affect_known is not None:
        affect = measure_affect(made.affect, made.affect_known)
    return Evaluation(
        **{field.name: getattr(headline, field.name) for field in fields(headline)},
        per_class={
            label: ClassScores(float(precision), float(recall), float(f1), int(support))
            for label, (precision, recall, f1, support) in zip(made.names, scores, strict=True)
        },
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        labels=made.names,
        model=made.model,
        dataset=made.dataset,
        split=made.split,
        tta=made.tta,
        without_duplicates=without,
        duplicates_of=made.repeats_of if without else None,
        splits=made.splits,
        fingerprint=made.fingerprint,
        skipped=made.skipped,
        no_face=made.no_face,
        with_face=_headline(made, everything) if made.no_face else None,
        temperature=made.temperature,
        affect=affect,
    )


def _headline(
    made: Predictions, rows: NDArray[np.bool_], no_face: NDArray[np.int64] | None = None
) -> Headline:
    """Of the answers in (N,) ``rows``, and of photos with the labels ``no_face`` that have none."""
    probs, labels = made.probs[rows], made.labels[rows]
    exact = probs.astype(np.float64)
    plain = None if made.uncalibrated is None else made.uncalibrated[rows].astype(np.float64)
    confusion = _confusion(probs, labels, no_face)
    return Headline(
        n=int(confusion.sum()),
        accuracy=metrics.accuracy(confusion),
        balanced_accuracy=metrics.balanced_accuracy(confusion),
        macro_f1=metrics.macro_f1(confusion),
        ece=metrics.ece(exact, labels),
        nll=metrics.nll(exact, labels),
        aurc=metrics.aurc(exact, labels),
        ece_uncalibrated=None if plain is None else metrics.ece(plain, labels),
        nll_uncalibrated=None if plain is None else metrics.nll(plain, labels),
        intervals=metrics.bootstrap(confusion),
    )


def _confusion(
    probs: NDArray[np.float32], labels: NDArray[np.int64], no_face: NDArray[np.int64] | None
) -> NDArray[np.int64]:
    """(K, K) counts, or (K, K + 1) with photos without a face."""
    classes = probs.shape[1]
    confusion = metrics.confusion_matrix(labels, probs.argmax(axis=1), classes)
    if no_face is None or not len(no_face):
        return confusion
    lost = np.bincount(no_face, minlength=classes)
    return np.asarray(np.column_stack([confusion, lost]), np.int64)
