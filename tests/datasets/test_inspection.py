from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mien.classifiers.onnx import OnnxClassifier
from mien.datasets.base import DatasetFacts
from mien.datasets.inspection import count_pictures, inspect
from mien.datasets.samples import Sample
from mien.errors import DatasetError
from mien.evaluation.classification.predict import predict
from mien.labels import FER2013
from tests.support import photos
from tests.support.marked import Marked, damaged, piece, scene
from tests.support.models import tiny_classifier
from tests.support.photos import Photos


class InMemory:
    """Crops whose pixels lie in memory, but for those that cannot be read."""

    facts = DatasetFacts(name="memory", labels=FER2013)

    def __init__(self, unreadable: tuple[int, ...] = ()) -> None:
        self.unreadable = unreadable

    def splits(self) -> tuple[str, ...]:
        return ("public",)

    def samples(self, split: str) -> Iterator[Sample]:
        rng = np.random.default_rng(0)
        for i in range(6):
            pixels = rng.integers(0, 256, (8, 8), np.uint8)
            yield Sample(_unreadable if i in self.unreadable else pixels, i % 7, str(i))

    def skipped(self, split: str) -> dict[str, list[str]]:
        return {}


def _unreadable() -> np.ndarray:
    raise DatasetError("cut short")


@pytest.mark.parametrize("unreadable", [(), (1, 4)])
def test_the_fingerprint_of_crops_is_that_of_an_evaluation(
    unreadable: tuple[int, ...], tmp_path: Path
) -> None:
    dataset = InMemory(unreadable)
    model = OnnxClassifier(tiny_classifier(tmp_path / "tiny.onnx", FER2013).path)
    found = inspect(dataset).splits["public"]
    assert found.fingerprint == predict(model, dataset, "public").fingerprint
    assert (found.n, found.unreadable) == (6 - len(unreadable), len(unreadable))


def test_pictures_are_counted_where_none_is_decoded(tmp_path: Path) -> None:
    assert count_pictures(Photos(photos.write(tmp_path / "photos"))) == 17
    assert count_pictures(InMemory()) is None
    pictures = [scene("a", damaged), scene("b", piece(9, 9))]
    assert count_pictures(Marked(train=pictures, valid=[scene("c", damaged)])) == 3
    assert count_pictures(Marked()) == 0


def test_progress_is_over_all_splits(tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    inspect(Photos(photos.write(tmp_path / "photos")), lambda *now: seen.append(now))
    assert seen == [(n, 17) for n in range(1, 18)]
    inspect(InMemory(), lambda *now: seen.append(now))
    assert seen[-1] == (6, None)
