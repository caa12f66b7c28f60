from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pytest

from mien.datasets.base import DatasetFacts
from mien.datasets.samples import Pixels
from mien.datasets.scene import Scene
from mien.datasets.splits import at_random
from mien.detectors.base import DetectorFacts
from mien.errors import DatasetError, InputError
from mien.evaluation.detection import detect
from mien.evaluation.detection.detect import detect_all, peak_mib
from mien.types import Box, Face


class Stub:
    """Finds two faces, the worse one first; sees how often it was asked."""

    facts = DetectorFacts("stub", "finds the same everywhere", landmarks=False)
    score_threshold = 0.2

    def __init__(self) -> None:
        self.seen: list[tuple[int, ...]] = []
        self.asked: set[float | None] = set()

    def detect(self, image: Pixels, score_threshold: float | None = None) -> list[Face]:
        self.seen.append(image.shape)
        self.asked.add(score_threshold)
        return [Face(Box(5, 5, 9, 9), 0.25), Face(Box(1, 2, 30.5, 40), 0.75)]


class Pictures:
    """Three pictures of a split, of which one may be damaged."""

    facts = DatasetFacts(name="made-up")

    def __init__(self, damaged: tuple[int, ...] = ()) -> None:
        self.damaged = damaged

    def splits(self) -> tuple[str, ...]:
        return ("valid", "test")

    def skipped(self, split: str) -> Mapping[str, Sequence[str]]:
        return {}

    def scenes(self, split: str) -> Iterator[Scene]:
        for i in range(3 if split == "valid" else 0):
            yield Scene(
                pixels=lambda i=i: self.decode(i),
                key=f"{i}.jpg",
                boxes=np.array([[1, 2, 30, 40]] * i, np.float32).reshape(-1, 4),
                ignored=np.arange(i) == 1,
                subsets={"easy": np.arange(i) == 0},
            )

    def decode(self, i: int) -> Pixels:
        time.sleep(0.05)
        if i in self.damaged:
            raise DatasetError("is cut short")
        return np.zeros((50, 60 + i, 3), np.uint8)


def test_every_picture_is_answered() -> None:
    stub, calls = Stub(), []
    found = detect_all(
        stub, Pictures(), "valid", threshold=0.5, facts={"weights": "none"},
        on_progress=lambda *done: calls.append(done),
    )  # fmt: skip
    assert (found.detector, found.dataset, found.split) == ("stub", "made-up", "valid")
    assert found.threshold == 0.5 and found.skipped == ()
    assert calls == [(1, 3), (2, 3), (3, 3)]
    assert [(one.key, one.width, one.height) for one in found.answers] == [
        ("0.jpg", 60, 50), ("1.jpg", 61, 50), ("2.jpg", 62, 50),
    ]  # fmt: skip
    last = found.answers[2]
    assert last.scores.tolist() == [0.75, 0.25]  # best first
    assert last.boxes.tolist() == [[1, 2, 30.5, 40], [5, 5, 9, 9]]
    assert last.boxes.dtype == last.scores.dtype == last.truth.dtype == np.float32
    assert last.truth.shape == (2, 4) and last.ignored.tolist() == [False, True]
    assert last.subsets["easy"].tolist() == [True, False]
    assert stub.seen == [(50, 60, 3), (50, 60, 3), (50, 61, 3), (50, 62, 3)]  # the first warms up
    assert all(0 < one.ms < 40 for one in found.answers)  # decoding takes 50
    assert found.facts["weights"] == "none" and found.facts["cores"] >= 1
    assert found.facts["processor"] and found.facts["peak_mib"] > found.facts["memory_mib"] >= 0


def test_boxes_of_low_scores_are_asked_for() -> None:
    stub = Stub()
    detect_all(stub, Pictures(), "valid", threshold=0.5, asked_from=0.05)
    assert stub.asked == {0.05}  # in every call, also that which warms up
    detect_all(other := Stub(), Pictures(), "valid")
    assert other.asked == {None}  # the detector's own


def test_a_name_and_a_limit() -> None:
    every = [one.key for one in detect_all(Stub(), Pictures(), "valid").answers]
    found = detect_all(Stub(), Pictures(), "valid", name="stub at night", limit=2)
    assert found.detector == "stub at night"
    drawn = [every[index] for index in at_random([0] * len(every), 2, seed=0)]
    assert [one.key for one in found.answers] == drawn and drawn != every[:2]


def test_unreadable_pictures_are_listed() -> None:
    found = detect_all(Stub(), Pictures(damaged=(0, 2)), "valid")
    assert [one.key for one in found.answers] == ["1.jpg"]
    assert found.skipped == ("0.jpg: is cut short", "2.jpg: is cut short")
    with pytest.raises(DatasetError, match=r"none of 3 can be read, such as 0\.jpg: is cut short"):
        detect_all(Stub(), Pictures(damaged=(0, 1, 2)), "valid")
    with pytest.raises(DatasetError, match="holds no pictures"):
        detect_all(Stub(), Pictures(), "test")
    with pytest.raises(DatasetError, match=r"no split 'train' .*valid, test"):
        detect_all(Stub(), Pictures(), "train")


def test_an_error_of_the_detector_is_not_swallowed() -> None:
    class Broken(Stub):
        def detect(self, image: Pixels, score_threshold: float | None = None) -> list[Face]:
            raise InputError("too wide")

    with pytest.raises(InputError, match="too wide"):
        detect_all(Broken(), Pictures(), "valid")


def test_peak_memory_grows_with_what_is_held() -> None:
    before = peak_mib()
    assert before is not None and 20 < before < 1e5
    held = np.ones(int(before * 1.2) * 2**20, np.uint8)  # more than there ever was
    after = peak_mib()
    assert after is not None and after > before * 1.1
    del held
    assert peak_mib() >= after * 0.99


def test_a_system_without_memory_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detect, "Path", lambda _: (_ for _ in ()).throw(OSError()))
    other = peak_mib()
    assert other is not None and other > 20
    monkeypatch.setitem(sys.modules, "resource", None)  # its import fails
    assert peak_mib() is None
    found = detect_all(Stub(), Pictures(), "valid")
    assert found.facts["memory_mib"] is found.facts["peak_mib"] is None


@pytest.mark.parametrize("face", [Face(Box(1, 2, np.nan, 4), 0.5), Face(Box(1, 2, 3, 4), np.inf)])
def test_boxes_that_are_not_finite_are_an_error(face: Face) -> None:
    class Odd(Stub):
        def detect(self, image: Pixels, score_threshold: float | None = None) -> list[Face]:
            return [face]

    with pytest.raises(
        InputError,
        match=r"'stub' returned a box .* not finite for 0\.jpg: Face",
    ):
        detect_all(Odd(), Pictures(), "valid")
