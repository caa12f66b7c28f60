"""Faces found in labelled photos: the crops that ``Recognizer`` classifies, byte for byte."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mien.datasets.base import DatasetFacts
from mien.datasets.detected import Cutout, DetectedFaces, framed
from mien.datasets.files.decoding import decoded
from mien.datasets.files.folders import Folder
from mien.datasets.files.pictures import Picture
from mien.datasets.fingerprint import split_fingerprint
from mien.datasets.inspection import count_pictures, inspect
from mien.datasets.samples import Sample
from mien.datasets.splits import resplit
from mien.detectors.base import DetectorFacts
from mien.detectors.load import load_detector
from mien.errors import ConfigError, DatasetError, NoFaceError
from mien.media.images import read_image
from mien.pipeline import Recognizer
from mien.preprocess.framing import BOX_FRAMING, FER2013_FRAMING, Framing
from mien.samples import ASTRONAUT
from mien.specs.classifier import ModelSpec
from mien.types import Box, Face

TURNED = Framing(margin=0.3, offset=(0.02, -0.1), align=True)


class Photos:
    """Picture files of one folder, all with the first label."""

    def __init__(self, folder: Path) -> None:
        self.facts = DatasetFacts(name="photos", labels=("happiness", "neutral"))
        self._archive = Folder(folder)

    def splits(self) -> tuple[str, ...]:
        return ("train",)

    def samples(self, split: str) -> Iterator[Sample]:
        for name in self._archive.names():
            yield Sample(Picture(self._archive, name), 0, name)

    def skipped(self, split: str) -> dict[str, list[str]]:
        return {}


class Arrays:
    """Made-up photos whose faces the pixels of the first row tell: ``Squares`` finds them."""

    def __init__(self, *faces: int) -> None:
        self.facts = DatasetFacts(name="arrays", labels=("happiness", "neutral"))
        self.images = []
        for number, count in enumerate(faces):
            image = np.full((60, 200, 3), number, np.uint8)
            image[0, 0] = count
            self.images.append(image)

    def splits(self) -> tuple[str, ...]:
        return ("train",)

    def samples(self, split: str) -> Iterator[Sample]:
        for number, image in enumerate(self.images):
            yield Sample(lambda image=image: image, number % 2, f"{number}.jpg")  # type: ignore[misc]

    def skipped(self, split: str) -> dict[str, list[str]]:
        return {}


class Squares:
    """As many squares as the first pixel says, from right to left; each larger than the last."""

    facts = DetectorFacts("squares", "made up", landmarks=False)
    score_threshold = 0.5

    def __init__(self) -> None:
        self.calls = 0
        self._lock = threading.Lock()

    def detect(self, image: NDArray[np.uint8], score_threshold: float | None = None) -> list[Face]:
        with self._lock:
            self.calls += 1
        count = int(image[0, 0, 0])
        boxes = [Box(160.0 - 40 * i, 5.0, 170.0 - 38 * i, 15.0 + 2 * i) for i in range(count)]
        return [Face(box, 0.9) for box in boxes]


class Recorder:
    """A classifier that keeps the crops it gets."""

    def __init__(self, framing: Framing) -> None:
        self.spec = ModelSpec("recorder", ("happiness", "neutral"), 48, **framing)
        self.crops: list[NDArray[np.uint8]] = []

    def classify(self, crops: Any) -> NDArray[np.float32]:
        self.crops += [crop.copy() for crop in crops]
        return np.full((len(crops), 2), 0.5, np.float32)


def as_colours(crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return crop if crop.ndim == 3 else np.repeat(crop[:, :, None], 3, axis=2)


@pytest.mark.parametrize("framing", [FER2013_FRAMING, TURNED], ids=["fer2013", "turned"])
def test_crops_are_what_the_recognizer_feeds_to_the_classifier(
    framing: Framing, photos: Path
) -> None:
    recorder = Recorder(framing)
    recognizer = Recognizer(model=recorder)
    # The detector of a data set runs on one thread: the pictures share the cores.
    detector = load_detector("yunet", threads=1)
    for faces in ("all", "largest"):
        found = [
            (sample, image)
            for sample, image in decoded(
                DetectedFaces(Photos(photos), detector, faces, framing).samples("train")
            )
            if not isinstance(image, DatasetError)
        ]
        recorder.crops.clear()
        expected = []
        for name in Folder(photos).names():
            if not name.endswith(("jpg", "png")):
                continue
            result = recognizer.image(photos / name)
            own, recorder.crops = recorder.crops, []
            sizes = [r.face.box.width * r.face.box.height for r in result.readings]
            if faces == "largest" and sizes:
                own = [own[int(np.argmax(sizes))]]
            expected += [(name, crop) for crop in own]
        assert len(found) == len(expected) >= 2
        for (sample, crop), (name, wanted) in zip(found, expected, strict=True):
            assert (sample.photo or sample.key) == name
            assert np.array_equal(as_colours(crop), wanted)


def test_a_crop_is_reframed_for_a_model() -> None:
    photo = read_image(ASTRONAUT)
    data = DetectedFaces(One(photo), load_detector("yunet"))
    (sample,) = data.samples("train")
    recorder = Recorder(TURNED)
    Recognizer(model=recorder).image(photo)
    assert np.array_equal(framed(sample, recorder.spec).image, recorder.crops[0])
    assert not np.array_equal(sample.image, recorder.crops[0])
    assert data.facts.framing == FER2013_FRAMING
    assert data.facts.detected == ("yunet", "largest")
    plain = Sample(photo, 0, "crop")
    assert framed(plain, recorder.spec) is plain


class One(Arrays):
    def __init__(self, image: NDArray[np.uint8]) -> None:
        super().__init__()
        self.images = [image]


def test_the_whole_picture_has_no_framing() -> None:
    photo = read_image(ASTRONAUT)
    data = DetectedFaces(One(photo), load_detector("none"))
    (sample,) = data.samples("train")
    assert data.facts.framing == BOX_FRAMING
    assert np.array_equal(framed(sample, Recorder(TURNED).spec).image, photo)


def test_a_photo_is_searched_once_and_only_when_it_is_decoded() -> None:
    detector = Squares()
    data = DetectedFaces(Arrays(1, 2, 3), detector)
    samples = list(data.samples("train"))
    assert detector.calls == 0
    first = [sample.image for sample in samples]
    second = [image for _, image in decoded(data.samples("train"))]
    assert detector.calls == 3
    assert all(map(np.array_equal, first, second))
    assert count_pictures(data) == 3


def test_search_shows_how_far_it_is() -> None:
    detector, seen = Squares(), []
    data = DetectedFaces(Arrays(1, 0, 2), detector, "all")
    data.search(lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]
    list(data.samples("train"))
    assert detector.calls == 3


def test_largest_takes_the_largest_and_all_number_from_left_to_right() -> None:
    data = DetectedFaces(Arrays(3), Squares())
    (largest,) = data.samples("train")
    assert isinstance(largest.pixels, Cutout)
    assert largest.key == "0.jpg"
    assert largest.pixels.face.box == Box(80.0, 5.0, 94.0, 19.0)
    every = list(DetectedFaces(Arrays(3, 1), Squares(), "all").samples("train"))
    assert [sample.key for sample in every] == ["0.jpg#0", "0.jpg#1", "0.jpg#2", "1.jpg#0"]
    assert [sample.label for sample in every] == [0, 0, 0, 1]
    lefts = [sample.pixels.face.box.x1 for sample in every]  # type: ignore[union-attr]
    assert lefts == [80.0, 120.0, 160.0, 160.0]


@pytest.mark.parametrize("faces", ["largest", "all"])
def test_a_photo_without_a_face_is_a_reason_of_its_own(faces: str) -> None:
    data = DetectedFaces(Arrays(1, 0), Squares(), faces)
    samples = list(data.samples("train"))
    assert len(samples) == 2
    with pytest.raises(NoFaceError, match=r"no face found in 1\.jpg"):
        _ = samples[1].image
    info = inspect(data).splits["train"]
    assert (info.n, info.unreadable, info.skipped) == (1, 0, {"no face found": 1})


def test_faces_of_one_photo_and_its_copies_stay_together() -> None:
    photos = Arrays(*[2] * 20)
    photos.images += [image.copy() for image in photos.images]  # 40 photos, each twice
    data = resplit(DetectedFaces(photos, Squares(), "all"), "random:50/50")
    parts = {
        part: {int(s.key.split(".")[0]) % 20 for s in data.samples(part)}
        for part in ("train", "valid")
    }
    assert parts["train"] and parts["valid"]
    assert not parts["train"] & parts["valid"]
    assert parts["train"] | parts["valid"] == set(range(20))


def test_division_and_fingerprint_do_not_depend_on_the_framing() -> None:
    framings = FER2013_FRAMING, Framing(margin=0.5, offset=(0.0, 0.1), align=False)
    first, second = (
        DetectedFaces(Arrays(*range(1, 5), *[1] * 16), Squares(), framing=framing)
        for framing in framings
    )
    assert split_fingerprint(first, "train") == split_fingerprint(second, "train")
    one, two = (
        [s.key for s in resplit(data, "random:50/50").samples("train")] for data in (first, second)
    )
    assert one == two
    moved = Squares()
    moved.detect = lambda image, score_threshold=None: [  # type: ignore[method-assign]
        Face(Box(0.0, 0.0, 9.0, 9.0), 1.0)
    ]
    other = DetectedFaces(Arrays(*range(1, 5), *[1] * 16), moved)
    assert split_fingerprint(other, "train") != split_fingerprint(first, "train")


def test_wrong_faces_and_faces_found_twice_are_refused() -> None:
    with pytest.raises(ConfigError, match="faces must be largest or all, got 'some'"):
        DetectedFaces(Arrays(1), Squares(), "some")
    with pytest.raises(ConfigError, match="lacks facts"):
        DetectedFaces(Arrays(1), object())  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="detected before"):
        DetectedFaces(DetectedFaces(Arrays(1), Squares()), Squares())
