"""Ask a classifier about every picture of a split.

Labels are matched by name, so a model and a data set may have them in different orders.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mien.classifiers.base import Classifier, answers
from mien.classifiers.probabilities import uncalibrated
from mien.datasets.base import Dataset, check_split
from mien.datasets.detected import framed
from mien.datasets.files.decoding import decoded
from mien.datasets.samples import Sample, identity, pixel_fingerprint, pixel_keys
from mien.errors import DatasetError, InputError, ModelError, NoFaceError
from mien.evaluation.classification.predictions import Predictions
from mien.evaluation.split_pictures import Progress, check_any_read, reason_for
from mien.labels import canonical, noun_or_adjective
from mien.preprocess.network_input import resize_crops, ten_crops

CHUNK = 256
"""Pictures in memory at a time, and between two calls of ``on_progress``."""
TEN_CROPS_CHUNK = 64
"""The same with ten crops of each: 100 MB of large colour pictures, and 1.5 MB of FER2013's."""


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

    ``tta`` averages the answers to ten crops (``mien.preprocess.network_input.ten_crops``).
    Pictures whose pixels equal one of the split ``repeats_of`` are marked, if there is such a
    split. ``splits`` says how ``dataset`` was divided. Pictures may differ in size; memory does not
    grow with their number. Faces found in whole photos are framed as the model's spec says.

    A picture that cannot be read is listed in ``skipped``, a photo without a face in ``no_face``.
    Raises ``DatasetError`` for a missing
    split or one without a readable picture, and ``ModelError`` if the data set has an expression
    that the model does not know, or if its answers are not finite.
    """
    spec = classifier.spec
    columns, names = match_labels(spec.labels, dataset.facts.labels, spec.name)
    check_split(dataset, split)
    samples = [framed(sample, spec) for sample in dataset.samples(split)]
    read: list[Sample] = []
    pixels: list[bytes] = []
    identities: list[bytes] = []
    parts: list[_Part] = []
    skipped: list[str] = []
    no_face: list[Sample] = []
    size = TEN_CROPS_CHUNK if tta else CHUNK
    for start in range(0, len(samples), size):
        resized = []
        for sample, image in decoded(samples[start : start + size]):
            if isinstance(image, NoFaceError):
                no_face.append(sample)
            elif isinstance(image, DatasetError):
                skipped.append(reason_for(sample, image))
            else:
                read.append(sample)
                pixels += pixel_keys([image])
                identities.append(identity(sample, image))
                resized.append(resize_crops([image], spec)[0])  # (R, R, C)
        if resized:
            parts.append(_ask(classifier, np.stack(resized), tta))
        if on_progress:
            on_progress(min(start + size, len(samples)), len(samples))
    if no_face and not read:
        raise DatasetError(f"split {split!r}: no face was found in any of {len(no_face)} photos")
    check_any_read(split, len(read), skipped)
    repeats = "" if repeats_of == split or repeats_of not in dataset.splits() else repeats_of or ""
    others = (framed(sample, spec) for sample in dataset.samples(repeats)) if repeats else ()
    seen = _pixel_keys_of(others)
    labels = [sample.label for sample in read]
    return Predictions(
        probs=np.concatenate([part.probs for part in parts])[:, columns],
        labels=np.array(labels, np.int64),
        names=names,
        keys=tuple(sample.key for sample in read),
        repeated=np.array([key in seen for key in pixels]),
        model=spec.name,
        model_hash=spec.sha256,
        dataset=dataset.facts.name,
        split=split,
        splits=splits,
        tta=tta,
        fingerprint=pixel_fingerprint(labels, identities),
        repeats_of=repeats,
        skipped=tuple(skipped),
        no_face=tuple(sample.key for sample in no_face),
        no_face_labels=np.array([sample.label for sample in no_face], np.int64),
        temperature=spec.temperature,
        uncalibrated=(
            np.concatenate([part.uncalibrated for part in parts])[:, columns]
            if spec.temperature != 1
            else None
        ),
        affect=np.concatenate([part.affect for part in parts]) if spec.affect else None,
        affect_known=_known_affect(read),
    )


def match_labels(
    model: Sequence[str], data: Sequence[str], name: str = "the model"
) -> tuple[list[int], tuple[str, ...]]:
    """Columns of the model's output in the order of the data set's labels, and their names.

    Expressions that only the model knows come last: such an answer always counts as wrong. Raises
    ``ModelError`` if the data set has an expression that the model does not know.
    """
    columns = [_column(label, model) for label in data]
    missing = [label for label, column in zip(data, columns, strict=True) if column is None]
    if missing:
        raise ModelError(
            f"model {name!r} cannot be measured on this data set: it does not know "
            f"{', '.join(missing)} (it knows: {', '.join(model)})"
        )
    found = [column for column in columns if column is not None]
    extra = [index for index in range(len(model)) if index not in found]
    return found + extra, (*map(_noun, data), *(_noun(model[index]) for index in extra))


def _column(label: str, model: Sequence[str]) -> int | None:
    """The output of ``model`` that means ``label``: the same word, else another spelling of it."""
    for spelling in (str, _noun, _any_spelling):
        same = [index for index, other in enumerate(model) if spelling(other) == spelling(label)]
        if len(same) == 1:
            return same[0]
    return None


def _noun(label: str) -> str:
    """The noun of an expression; other labels, which a model may have too, stay as they are."""
    return noun_or_adjective(label) or label


def _any_spelling(label: str) -> str:
    with suppress(InputError):
        return canonical(label)
    return label.casefold()


class _Part(NamedTuple):
    """Answers to some pictures, float32."""

    probs: NDArray[np.float32]
    """(N, K) in the model's order."""
    uncalibrated: NDArray[np.float32]
    """(N, K) at temperature 1."""
    affect: NDArray[np.float32]
    """(N, 2) valence and arousal; (N, 0) if the model estimates none."""


def _ask(classifier: Classifier, pictures: NDArray[np.uint8], tta: bool) -> _Part:
    """The answers to (N, R, R, C) resized crops."""
    views = ten_crops(pictures, classifier.spec) if tta else pictures[None]  # (V, N, R, R, C)
    probs, affect = answers(classifier, list(views.reshape(-1, *pictures.shape[1:])))
    plain = uncalibrated(probs, classifier.spec.temperature)
    if affect is None:
        affect = np.empty((len(probs), 0), np.float32)

    def mean(values: NDArray[np.floating]) -> NDArray[np.float32]:
        of_view = values.reshape(len(views), len(pictures), -1)
        return np.asarray(of_view.mean(axis=0, dtype=np.float64), np.float32)

    return _Part(mean(probs), mean(plain), mean(affect))


def _known_affect(samples: Sequence[Sample]) -> NDArray[np.float32] | None:
    """(N, 2) valence and arousal, NaN where unknown; ``None`` if all are."""
    known = np.array([(s.valence, s.arousal) for s in samples], np.float32)  # None becomes NaN
    return None if np.isnan(known).all() else known


def _pixel_keys_of(samples: Iterable[Sample]) -> set[bytes]:
    keys: set[bytes] = set()
    for _, image in decoded(samples):
        if not isinstance(image, DatasetError):  # an unreadable picture repeats nothing
            keys.update(pixel_keys([image]))
    return keys
