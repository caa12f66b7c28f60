"""How good a classifier is on one split of a data set; NumPy and ONNX Runtime are enough.

Labels are matched by name, so a model and a data set may have them in different orders. FER2013
repeats training pictures in its test splits, so the headline figures come with and without those.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien import metrics
from mien.classifiers.base import Classifier
from mien.datasets.base import Dataset, pixel_keys, stack
from mien.errors import DatasetError, InputError, ModelError
from mien.labels import canonical
from mien.preprocess import frames, views

CHUNK = 256  # pictures between two calls of ``on_progress``; ten crops of them stay below 10 MB

Progress = Callable[[int, int], None]
"""Called with (pictures done, pictures in all)."""


@dataclass(frozen=True, slots=True)
class Headline:
    """The measures of one set of pictures; all but ``n`` and ``nll`` are in [0, 1]."""

    n: int
    """Pictures measured."""
    accuracy: float
    """Share of right answers (weighted average recall)."""
    balanced_accuracy: float
    """Mean recall over the classes that occur (unweighted average recall)."""
    macro_f1: float
    """Mean F1 over the classes that occur or are predicted."""
    ece: float
    """Expected calibration error, 15 bins (Guo et al. 2017)."""
    nll: float
    """Mean negative log likelihood, nats."""


@dataclass(frozen=True, slots=True)
class ClassScores:
    """One class: precision, recall and F1 in [0, 1], and how many pictures bear its label."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class Evaluation(Headline):
    """A classifier measured on one split."""

    per_class: dict[str, ClassScores]
    """In the order of ``labels``."""
    confusion: tuple[tuple[int, ...], ...]
    """Counts: rows are true classes, columns predicted ones, both in the order of ``labels``."""
    labels: tuple[str, ...]
    """The data set's, in its order, then those that only the model knows."""
    model: str
    dataset: str
    split: str
    tta: bool
    """Whether ten crops were averaged."""
    without_duplicates: Headline | None
    """The same without pictures whose pixels equal one of the split ``duplicates_of``; ``None``
    where that split is the measured one, is not there, or was not asked for."""
    duplicates_of: str | None

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; floats as they are."""
        return asdict(self)


def evaluate(
    classifier: Classifier,
    dataset: Dataset,
    split: str,
    *,
    tta: bool = False,
    exclude_duplicates_of: str | None = "train",
    on_progress: Progress | None = None,
) -> Evaluation:
    """Classify every picture of ``split`` and measure the answers.

    ``tta`` averages the probabilities of ten crops (``mien.preprocess.views``).

    Raises ``DatasetError`` for a split that is not there or cannot be read, and ``ModelError``
    where the data set has an expression that the model does not know.
    """
    columns, labels = match_labels(classifier.spec.labels, dataset.labels, classifier.spec.name)
    held = dataset.splits()
    if split not in held:
        raise DatasetError(f"no split {split!r} in this {dataset.name} (it has: {', '.join(held)})")
    data = stack(dataset.samples(split), f"split {split!r}")
    parts = []
    for start in range(0, len(data), CHUNK):
        parts.append(_probs(classifier, data.images[start : start + CHUNK], tta))
        if on_progress:
            on_progress(min(start + CHUNK, len(data)), len(data))
    probs = np.concatenate(parts)[:, columns]  # (N, K) in the order of `labels`

    without = None
    if exclude_duplicates_of in held and exclude_duplicates_of != split:
        seen = set(pixel_keys(s.image for s in dataset.samples(str(exclude_duplicates_of))))
        fresh = np.array([key not in seen for key in pixel_keys(data.images)])
        without = _headline(probs[fresh], data.labels[fresh]) if fresh.any() else None

    confusion = metrics.confusion_matrix(data.labels, probs.argmax(axis=1), len(labels))
    scores = zip(*metrics.precision_recall_f1(confusion), confusion.sum(axis=1), strict=True)
    headline = _headline(probs, data.labels)
    return Evaluation(
        **asdict(headline),
        per_class={
            label: ClassScores(float(precision), float(recall), float(f1), int(support))
            for label, (precision, recall, f1, support) in zip(labels, scores, strict=True)
        },
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        labels=labels,
        model=classifier.spec.name,
        dataset=dataset.name,
        split=split,
        tta=tta,
        without_duplicates=without,
        duplicates_of=exclude_duplicates_of if without else None,
    )


def match_labels(
    model: Sequence[str], data: Sequence[str], name: str = "the model"
) -> tuple[list[int], tuple[str, ...]]:
    """Columns of the model's output in the order of the data set's labels, and their names.

    Expressions that only the model knows come last: answering one of them is an error like any
    other. Raises ``ModelError`` where the data set has an expression that the model does not know.
    """
    known = [_noun(label) for label in model]
    wanted = [_noun(label) for label in data]
    missing = [label for label in wanted if label not in known]
    if missing:
        raise ModelError(
            f"model {name!r} cannot be measured on this data set: it does not know "
            f"{', '.join(missing)} (it knows: {', '.join(model)})"
        )
    extra = [label for label in known if label not in wanted]
    return [known.index(label) for label in wanted + extra], (*wanted, *extra)


def _noun(label: str) -> str:
    try:
        return canonical(label)
    except InputError:  # a model may have classes of its own
        return label


def _probs(classifier: Classifier, images: NDArray[np.uint8], tta: bool) -> NDArray[np.float64]:
    """(N, H, W) or (N, H, W, 3) pictures → (N, K) probabilities in the model's order."""
    if not tta:
        return classifier.classify(list(images)).astype(np.float64)
    crops = views(frames(list(images), classifier.spec), classifier.spec)  # (V, N, R, R, C)
    probs = np.stack([classifier.classify(list(view)) for view in crops])  # (V, N, K)
    return np.asarray(probs.mean(axis=0, dtype=np.float64))


def _headline(probs: NDArray[np.float64], labels: NDArray[np.int64]) -> Headline:
    confusion = metrics.confusion_matrix(labels, probs.argmax(axis=1), probs.shape[1])
    return Headline(
        n=len(labels),
        accuracy=metrics.accuracy(confusion),
        balanced_accuracy=metrics.balanced_accuracy(confusion),
        macro_f1=metrics.macro_f1(confusion),
        ece=metrics.ece(probs, labels),
        nll=metrics.nll(probs, labels),
    )
