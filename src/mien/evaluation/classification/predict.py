"""Ask a classifier about every picture of a split.

Labels are matched by name, so a model and a data set may have them in different orders.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from mien.classifiers.base import Classifier, probabilities
from mien.datasets.base import Dataset, check_split
from mien.datasets.detected import framed
from mien.datasets.files.decoding import decoded
from mien.datasets.samples import Sample, identity, pixel_fingerprint, pixel_keys
from mien.errors import DatasetError, InputError, ModelError, NoFaceError
from mien.evaluation.classification.predictions import Predictions
from mien.evaluation.split_pictures import Progress, check_any_read, reason_for
from mien.labels import canonical
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

    ``tta`` averages the probabilities of ten crops (``mien.preprocess.network_input.ten_crops``).
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
    probs: list[NDArray[np.float64]] = []
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
            probs.append(_probs(classifier, np.stack(resized), tta))
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
        probs=np.concatenate(probs)[:, columns].astype(np.float32),
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
    )


def match_labels(
    model: Sequence[str], data: Sequence[str], name: str = "the model"
) -> tuple[list[int], tuple[str, ...]]:
    """Columns of the model's output in the order of the data set's labels, and their names.

    Expressions that only the model knows come last: such an answer always counts as wrong. Raises
    ``ModelError`` if the data set has an expression that the model does not know.
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
    """(N, R, R, C) resized crops → (N, K) probabilities in the model's order."""
    if not tta:
        return probabilities(classifier, list(pictures)).astype(np.float64)
    crops = ten_crops(pictures, classifier.spec)  # (V, N, R, R, C)
    flat = probabilities(classifier, list(crops.reshape(-1, *pictures.shape[1:])))
    return np.asarray(flat.reshape(len(crops), len(pictures), -1).mean(axis=0, dtype=np.float64))


def _pixel_keys_of(samples: Iterable[Sample]) -> set[bytes]:
    keys: set[bytes] = set()
    for _, image in decoded(samples):
        if not isinstance(image, DatasetError):  # an unreadable picture repeats nothing
            keys.update(pixel_keys([image]))
    return keys
