"""Ask a classifier about every picture of a split, clean and corrupted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from mien.classifiers.base import Classifier, probabilities
from mien.datasets.base import Dataset, check_split
from mien.datasets.detected import framed
from mien.datasets.files.decoding import in_threads
from mien.datasets.samples import Sample, identity, pixel_fingerprint
from mien.datasets.splits import at_random
from mien.errors import DatasetError, NoFaceError
from mien.evaluation.classification.corrupted_answers import CorruptedAnswers
from mien.evaluation.classification.predict import match_labels
from mien.evaluation.corruptions import CORRUPTIONS, STRENGTHS, corrupted
from mien.evaluation.split_pictures import Progress, check_any_read, reason_for
from mien.preprocess.network_input import resize_crops
from mien.specs.classifier import ModelSpec

TOGETHER = 8
"""Pictures whose 41 versions are in memory at a time, and between two calls of ``on_progress``."""


def ask_corrupted(
    classifier: Classifier,
    dataset: Dataset,
    split: str,
    *,
    limit: int | None = None,
    splits: str = "official",
    on_progress: Progress | None = None,
) -> CorruptedAnswers:
    """What ``classifier`` answers to every picture of ``split``, and to 40 corrupted versions.

    The versions are those of ``mien.evaluation.corruptions.corrupted`` with the seed 0: the same
    for every classifier. Faces in whole photos are found in the clean photo and framed as the
    model's spec says, and then corrupted. ``limit``: only so many pictures, drawn at random with
    the seed 0, each class by its share. Raises what ``predict`` raises.
    """
    spec = classifier.spec
    columns, names = match_labels(spec.labels, dataset.facts.labels, spec.name)
    check_split(dataset, split)
    samples = [framed(sample, spec) for sample in dataset.samples(split)]
    drawn = at_random([sample.label for sample in samples], limit)
    samples = [samples[index] for index in drawn]
    read: list[Sample] = []
    identities: list[bytes] = []
    skipped: list[str] = []
    no_face: list[Sample] = []
    found: list[NDArray[np.int64]] = []
    waiting: list[NDArray[np.uint8]] = []
    results = in_threads(partial(_versions, spec), samples, ahead=2 * TOGETHER)
    for done, (sample, versions) in enumerate(results, start=1):
        if isinstance(versions, NoFaceError):
            no_face.append(sample)
        elif isinstance(versions, DatasetError):
            skipped.append(reason_for(sample, versions))
        else:
            read.append(sample)
            identities.append(versions.identity)
            waiting.append(versions.pictures)
        if waiting and (len(waiting) == TOGETHER or done == len(samples)):
            found.append(_ask(classifier, waiting, columns))
            waiting = []
        if on_progress and (done % TOGETHER == 0 or done == len(samples)):
            on_progress(done, len(samples))
    if no_face and not read:
        raise DatasetError(f"split {split!r}: no face was found in any of {len(no_face)} photos")
    check_any_read(split, len(read), skipped)
    answers = np.concatenate(found)  # (N, 41)
    labels = [sample.label for sample in read]
    return CorruptedAnswers(
        clean=answers[:, 0],
        corrupted=answers[:, 1:].reshape(len(read), len(CORRUPTIONS), len(STRENGTHS)),
        labels=np.array(labels, np.int64),
        names=names,
        keys=tuple(sample.key for sample in read),
        kinds=tuple(CORRUPTIONS),
        levels=np.array([each.levels for each in CORRUPTIONS.values()], np.float64),
        model=spec.name,
        model_hash=spec.sha256,
        dataset=dataset.facts.name,
        split=split,
        splits=splits,
        fingerprint=pixel_fingerprint(labels, identities),
        skipped=tuple(skipped),
        no_face=tuple(sample.key for sample in no_face),
        no_face_labels=np.array([sample.label for sample in no_face], np.int64),
    )


@dataclass(frozen=True, slots=True)
class _Versions:
    """A picture, clean and corrupted."""

    pictures: NDArray[np.uint8]
    """(41, R, R, C) resized crops, the clean one first."""
    identity: bytes


def _versions(spec: ModelSpec, sample: Sample) -> _Versions | DatasetError:
    try:
        image = sample.image
    except DatasetError as error:
        return error
    own = identity(sample, image)
    versions = chain([image], corrupted(image, own))  # made one by one: a crop may be large
    return _Versions(np.stack([resize_crops([each], spec)[0] for each in versions]), own)


def _ask(
    classifier: Classifier, pictures: Sequence[NDArray[np.uint8]], columns: list[int]
) -> NDArray[np.int64]:
    """(n, 41) most probable classes of n times (41, R, R, C) crops."""
    crops = np.concatenate(list(pictures))
    predicted = probabilities(classifier, list(crops))[:, columns].argmax(axis=1)
    return np.asarray(predicted.reshape(len(pictures), -1), np.int64)
