"""How good a classifier is on one split of a data set; NumPy and ONNX Runtime are enough.

``predict`` asks the classifier, ``measure`` judges its answers, ``evaluate`` is both.
Labels are matched by name, so a model and a data set may have them in different orders. FER2013
repeats training pictures in its test splits, so the headline figures come with and without those.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.classifiers.base import Classifier
from mien.datasets.base import Dataset
from mien.datasets.samples import Sample, pixel_fingerprint, pixel_keys
from mien.errors import DatasetError, InputError, ModelError
from mien.evaluation import metrics
from mien.evaluation.classification.predictions import Predictions
from mien.evaluation.metrics import Interval
from mien.labels import canonical
from mien.preprocess.network_input import resize_crops, ten_crops

CHUNK = 256
"""Pictures in memory at a time, and between two calls of ``on_progress``."""
TEN_CROPS_CHUNK = 64
"""The same with ten crops of each: 100 MB of large colour pictures, and 1.5 MB of FER2013's."""

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
    aurc: float
    """Area under the risk-coverage curve: the lower, the more the confidence is worth."""
    intervals: dict[str, Interval]
    """Bootstrapped, 95 %: of ``accuracy``, ``balanced_accuracy`` and ``macro_f1``."""


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
    splits: str
    """How the data set was divided: ``official``, or as ``mien.datasets.splits`` says."""
    fingerprint: str
    """Of the split's pictures and labels: figures of two copies that differ do not compare."""
    skipped: tuple[str, ...]
    """Pictures that could not be read, with the reason; no figure counts them."""

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
    """Classify every picture of ``split`` and measure the answers: ``measure(predict(…))``."""
    return measure(
        predict(
            classifier,
            dataset,
            split,
            tta=tta,
            repeats_of=exclude_duplicates_of,
            on_progress=on_progress,
        )
    )


def predict(
    classifier: Classifier,
    dataset: Dataset,
    split: str,
    *,
    tta: bool = False,
    repeats_of: str | None = "train",
    splits: str = "official",
    on_progress: Progress | None = None,
) -> Predictions:
    """What ``classifier`` answers to every picture of ``split``.

    ``tta`` averages the probabilities of ten crops (``mien.preprocess.network_input.ten_crops``).
    Pictures whose pixels equal one of the split ``repeats_of`` are marked, where there is such a
    split. ``splits`` says how ``dataset`` was divided. Pictures may differ in size; memory does not
    grow with them.

    A picture that cannot be read is listed in ``skipped``. Raises ``DatasetError`` for a split that
    is not there or of which nothing can be read, and ``ModelError`` where the data set has an
    expression that the model does not know.
    """
    columns, names = match_labels(
        classifier.spec.labels, dataset.facts.labels, classifier.spec.name
    )
    facts, held = dataset.facts, dataset.splits()
    if split not in held:
        raise DatasetError(f"no split {split!r} in this {facts.name} (it has: {', '.join(held)})")
    samples = list(dataset.samples(split))
    probs, read, pixels, skipped = [], [], [], []
    size = TEN_CROPS_CHUNK if tta else CHUNK
    for start in range(0, len(samples), size):
        small, kept = [], []
        for sample in samples[start : start + size]:
            try:
                image = sample.image
            except DatasetError as error:
                reason = str(error)  # which may name the picture already
                skipped.append(reason if sample.key in reason else f"{sample.key}: {reason}")
                continue
            kept.append(sample)
            pixels += pixel_keys([image])
            small.append(resize_crops([image], classifier.spec)[0])  # (R, R, C)
        if small:
            probs.append(_probs(classifier, np.stack(small), tta))
            read += kept
        if on_progress:
            on_progress(min(start + size, len(samples)), len(samples))
    if not read:
        reason = f": none of {len(samples)} can be read, such as {skipped[0]}" if skipped else ""
        raise DatasetError(f"split {split!r} holds no pictures{reason}")
    seen: set[bytes] = set()
    looked = repeats_of in held and repeats_of != split
    if looked:
        seen = _pixel_keys_of(dataset.samples(str(repeats_of)))
    labels = [sample.label for sample in read]
    return Predictions(
        probs=np.concatenate(probs)[:, columns].astype(np.float32),
        labels=np.array(labels, np.int64),
        names=names,
        keys=tuple(sample.key for sample in read),
        repeated=np.array([key in seen for key in pixels]),
        model=classifier.spec.name,
        model_hash=classifier.spec.sha256,
        dataset=facts.name,
        split=split,
        splits=splits,
        tta=tta,
        fingerprint=pixel_fingerprint(labels, pixels),
        repeats_of=str(repeats_of) if looked else "",
        skipped=tuple(skipped),
    )


def measure(predictions: Predictions) -> Evaluation:
    """Every measure of a classifier's answers."""
    found, fresh = predictions, ~predictions.repeated
    without = None
    if found.repeats_of and fresh.any():
        without = _headline(found.probs[fresh], found.labels[fresh])
    confusion = metrics.confusion_matrix(found.labels, found.predicted, len(found.names))
    scores = zip(*metrics.precision_recall_f1(confusion), confusion.sum(axis=1), strict=True)
    headline = _headline(found.probs, found.labels)
    return Evaluation(
        **{field.name: getattr(headline, field.name) for field in fields(headline)},
        per_class={
            label: ClassScores(float(precision), float(recall), float(f1), int(support))
            for label, (precision, recall, f1, support) in zip(found.names, scores, strict=True)
        },
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        labels=found.names,
        model=found.model,
        dataset=found.dataset,
        split=found.split,
        tta=found.tta,
        without_duplicates=without,
        duplicates_of=found.repeats_of if without else None,
        splits=found.splits,
        fingerprint=found.fingerprint,
        skipped=found.skipped,
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


def _probs(classifier: Classifier, pictures: NDArray[np.uint8], tta: bool) -> NDArray[np.float64]:
    """(N, R, R, C) frames → (N, K) probabilities in the model's order."""
    if not tta:
        return classifier.classify(list(pictures)).astype(np.float64)
    crops = ten_crops(pictures, classifier.spec)  # (V, N, R, R, C)
    flat = classifier.classify(list(crops.reshape(-1, *pictures.shape[1:])))
    return np.asarray(flat.reshape(len(crops), len(pictures), -1).mean(axis=0, dtype=np.float64))


def _pixel_keys_of(samples: Iterable[Sample]) -> set[bytes]:
    keys: set[bytes] = set()
    for sample in samples:
        with suppress(DatasetError):  # what cannot be read repeats nothing
            keys.update(pixel_keys([sample.image]))
    return keys


def _headline(probs: NDArray[np.float32], labels: NDArray[np.int64]) -> Headline:
    exact = probs.astype(np.float64)
    confusion = metrics.confusion_matrix(labels, exact.argmax(axis=1), exact.shape[1])
    return Headline(
        n=len(labels),
        accuracy=metrics.accuracy(confusion),
        balanced_accuracy=metrics.balanced_accuracy(confusion),
        macro_f1=metrics.macro_f1(confusion),
        ece=metrics.ece(exact, labels),
        nll=metrics.nll(exact, labels),
        aurc=metrics.aurc(exact, labels),
        intervals=metrics.bootstrap(confusion),
    )
