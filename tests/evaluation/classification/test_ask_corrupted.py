from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mien.classifiers.onnx import OnnxClassifier
from mien.datasets.base import Dataset
from mien.datasets.opening import open_dataset
from mien.datasets.samples import Sample, pixel_keys
from mien.errors import DatasetError, ModelError, NoFaceError
from mien.evaluation.classification.ask_corrupted import TOGETHER, ask_corrupted
from mien.evaluation.classification.predict import predict
from mien.evaluation.corruptions import CORRUPTIONS, STRENGTHS, corrupted
from tests.support import whole_photos
from tests.support.models import Tiny, tiny_classifier


class Some:
    """Some of the pictures of a data set, changed."""

    def __init__(self, dataset: Dataset, rows: list[int], **changes: object) -> None:
        self.facts, self.splits, self.skipped = dataset.facts, dataset.splits, dataset.skipped
        self._dataset, self._rows, self._changes = dataset, rows, changes

    def samples(self, split: str) -> Iterator[Sample]:
        samples = list(self._dataset.samples(split))
        return (replace(samples[row], **self._changes) for row in self._rows)  # type: ignore[arg-type]


def test_clean_and_corrupted_pictures_are_classified(data: Dataset, tiny: Tiny) -> None:
    classifier = OnnxClassifier(tiny.path)
    calls: list[tuple[int, int]] = []
    found = ask_corrupted(classifier, data, "public", on_progress=lambda *at: calls.append(at))
    plain = predict(classifier, data, "public")
    assert np.array_equal(found.clean, plain.predicted)
    for name in ("labels", "names", "keys", "fingerprint", "model", "model_hash", "dataset"):
        assert np.array_equal(getattr(found, name), getattr(plain, name)), name
    assert found.corrupted.shape == (21, len(CORRUPTIONS), len(STRENGTHS))
    for row, sample in enumerate(data.samples("public")):
        own = pixel_keys([sample.image])[0]
        by_hand = classifier.classify(list(corrupted(sample.image, own))).argmax(axis=1)
        assert found.corrupted[row].ravel().tolist() == by_hand.tolist()
    assert calls == [(TOGETHER, 21), (2 * TOGETHER, 21), (21, 21)]
    assert found.kinds == tuple(CORRUPTIONS)
    assert found.levels[list(CORRUPTIONS).index("jpeg")].tolist() == [65, 50, 35, 20, 10]


def test_the_corrupted_pictures_do_not_depend_on_order_and_company(
    data: Dataset, tiny: Tiny
) -> None:
    classifier = OnnxClassifier(tiny.path)
    whole = ask_corrupted(classifier, data, "public")
    rows = [20, 3, 11]
    some = ask_corrupted(classifier, Some(data, rows), "public")
    assert np.array_equal(some.corrupted, whole.corrupted[rows])


def test_a_limit_draws_the_same_pictures_of_every_class(data: Dataset, tiny: Tiny) -> None:
    classifier = OnnxClassifier(tiny.path)
    found, again = (ask_corrupted(classifier, data, "train", limit=7) for _ in range(2))
    assert len(found) == 7 and found.keys == again.keys
    assert found.keys != ask_corrupted(classifier, data, "train").keys[:7]


def test_what_cannot_be_read_is_listed_and_photos_without_a_face_too(
    data: Dataset, tiny: Tiny
) -> None:
    def damaged() -> np.ndarray:
        raise DatasetError("cut short")

    def empty() -> np.ndarray:
        raise NoFaceError("no face found")

    class Mixed(Some):
        def samples(self, split: str) -> Iterator[Sample]:
            pixels = {0: damaged, 9: empty}
            for row, sample in enumerate(super().samples(split)):
                yield replace(sample, pixels=pixels.get(row, sample.pixels))

    classifier = OnnxClassifier(tiny.path)
    found = ask_corrupted(classifier, Mixed(data, list(range(10))), "public")
    keys = [sample.key for sample in data.samples("public")]
    assert found.keys == tuple(keys[1:9])
    assert found.skipped == (f"{keys[0]}: cut short",) and found.no_face == (keys[9],)
    assert found.no_face_labels.shape == (1,)
    with pytest.raises(DatasetError, match="none of 10 can be read"):
        ask_corrupted(classifier, Some(data, list(range(10)), pixels=damaged), "public")
    with pytest.raises(DatasetError, match="no face was found in any of 10 photos"):
        ask_corrupted(classifier, Some(data, list(range(10)), pixels=empty), "public")
    with pytest.raises(DatasetError, match="no split 'valid'"):
        ask_corrupted(classifier, data, "valid")


def test_a_model_that_lacks_an_expression_is_refused(data: Dataset, tmp_path: Path) -> None:
    six = tiny_classifier(tmp_path / "six.onnx", ("anger", "disgust", "fear", "sadness"))
    with pytest.raises(ModelError, match="does not know happiness"):
        ask_corrupted(OnnxClassifier(six.path), data, "public")


def test_faces_are_found_in_clean_photos_and_then_corrupted(tmp_path: Path, tiny: Tiny) -> None:
    photos = open_dataset(whole_photos.write(tmp_path / "photos"), "folder", ["detect=yes"])
    classifier = OnnxClassifier(tiny.path)
    found = ask_corrupted(classifier, photos, photos.splits()[0])
    plain = predict(classifier, photos, photos.splits()[0])
    assert len(found) == 3 and found.no_face == plain.no_face != ()
    assert np.array_equal(found.clean, plain.predicted)
    assert found.fingerprint == plain.fingerprint
