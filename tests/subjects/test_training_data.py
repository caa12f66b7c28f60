from __future__ import annotations

import json
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from mien.datasets.detected import CROPPED
from mien.datasets.opening import open_dataset
from mien.datasets.scene import box_fingerprint
from mien.datasets.splits import resplit
from mien.evaluation.classification.predictions import Predictions
from mien.preprocess.framing import FER2013_FRAMING
from mien.subjects.base import Settings
from mien.subjects.classifier import ClassifierSubject
from mien.subjects.detector import DetectorSubject
from mien.subjects.measured_data import MeasuredData, open_data
from mien.subjects.source import Source
from mien.subjects.training_data import TrainingData
from tests.support import fer2013, tiny
from tests.support.answers import answers
from tests.support.coloured_faces import PICTURES, write_zip
from tests.support.fer2013 import Row
from tests.support.sample import photo

RECIPE = {
    "dataset": "fer2013", "splits": "random:80/20", "splits_from": "train", "splits_seed": 3,
    "train_split": "train",
}  # fmt: skip


@dataclass
class Stub:
    """A model that is known by its card alone."""

    card: dict[str, Any]

    @property
    def spec(self) -> Stub:
        return self

    facts = spec


def classifier(is_run: bool = True, **card: Any) -> ClassifierSubject:
    source = Source("run" if is_run else "x.onnx", "classifier", "run" if is_run else "file")
    stub: Any = Stub(card)
    return ClassifierSubject(source, Settings(), stub)


def detector(**card: Any) -> DetectorSubject:
    stub: Any = Stub(card)
    return DetectorSubject(Source("run", "detector", "run"), Settings(), stub)


def answered(data: MeasuredData, split: str, skipped: tuple[str, ...] = ()) -> Predictions:
    items: Any = data.divided
    items = items.samples(split) if data.reader != "coco" else items.scenes(split)
    found = tuple(item.key for item in items)
    return replace(answers(len(found)), split=split, keys=found, skipped=skipped)


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny.write_csv(tmp_path_factory.mktemp("bars") / "fer2013.csv"))


def warnings_of(subject: Any, data: MeasuredData, split: str) -> list[str]:
    return TrainingData(subject, data).warnings(answered(data, split))


def test_what_a_run_was_trained_and_selected_on(bars: str) -> None:
    run = classifier(recipe=RECIPE, selected_on="valid")
    data = open_data(run.source, run.recipe, bars)
    assert TrainingData(run, data).is_measured
    assert warnings_of(run, data, "train") == [
        "the classifier was trained on split 'train': these figures flatter it"
    ]
    assert warnings_of(run, data, "valid") == [
        "the epoch of the classifier was selected on split 'valid': these figures flatter it; "
        "report another split"
    ]
    assert warnings_of(run, data, "public") == []


def test_the_training_pictures_are_found_in_other_splits(bars: str) -> None:
    run = classifier(recipe=RECIPE)
    data = open_data(run.source, run.recipe, bars, splits="official")
    assert not TrainingData(run, data).is_measured
    parts = resplit(open_dataset(bars), "random:80/20", "train", 3)
    count = len(list(parts.samples("train")))
    (line,) = warnings_of(run, data, "train")
    assert f"was trained on {count} of these 128 pictures" in line
    other = open_data(run.source, run.recipe, bars, splits="random:50/50")
    assert not TrainingData(run, other).is_measured
    assert "was trained on" in warnings_of(run, other, "valid")[0]
    assert warnings_of(run, other, "public") == []
    # An exported file has the recipe in its card, and says the same of the official splits.
    file = classifier(is_run=False, recipe=RECIPE)
    assert warnings_of(file, open_data(file.source, file.recipe, bars), "train") == [line]


def test_another_seed_is_another_division(bars: str) -> None:
    run, other = classifier(recipe=RECIPE), classifier(recipe={**RECIPE, "splits_seed": 4})
    data = open_data(
        run.source, run.recipe, bars
    )  # a comparison measures both as the first run divides
    assert TrainingData(run, data).is_measured and not TrainingData(other, data).is_measured
    assert "was trained on" in warnings_of(other, data, "valid")[0]
    official = {**RECIPE, "splits": "official"}
    data = open_data(run.source, official, bars)
    assert TrainingData(classifier(recipe={**official, "splits_seed": 9}), data).is_measured


def test_a_temperature_that_was_fitted_here(bars: str) -> None:
    file = classifier(
        is_run=False, recipe={"dataset": "fer2013"}, calibration="split public (16 pictures)"
    )
    data = open_data(file.source, file.recipe, bars)
    assert warnings_of(file, data, "public") == [
        "the temperature of the classifier was fitted on split 'public': this flatters ECE and NLL "
        "and changes no answer"
    ]
    assert warnings_of(file, data, "train") == []


def test_a_model_that_does_not_say_is_not_warned_about(bars: str) -> None:
    for card in ({}, {"recipe": "no mapping"}, {"recipe": {**RECIPE, "dataset": "folder"}}):
        subject = classifier(is_run=False, **card)
        data = open_data(subject.source, subject.recipe, bars)
        assert warnings_of(subject, data, "train") == []
        assert not TrainingData(subject, data).is_measured


def test_data_without_the_split_of_the_recipe(bars: str) -> None:
    for recipe in ({**RECIPE, "splits_from": "all"}, {**RECIPE, "train_split": "all"}):
        run = classifier(recipe=recipe)
        assert warnings_of(run, open_data(run.source, run.recipe, bars), "train") == []


def test_fer2013_and_ferplus_are_the_same_pictures(fer2013_rows: list[Row], tmp_path: Path) -> None:
    members = fer2013.files(fer2013_rows)
    without = str(fer2013.write_zip(tmp_path / "without.zip", members))
    members["fer2013new.csv"] = fer2013.votes_file(fer2013_rows)
    path = str(fer2013.write_zip(tmp_path / "fer2013.zip", members))
    run = classifier(recipe={"dataset": "ferplus", "train_split": "train"})
    data = open_data(run.source, run.recipe, path, dataset="fer2013")
    assert data.reader == "fer2013" and not TrainingData(run, data).is_measured
    (line,) = warnings_of(run, data, "train")
    assert "was trained on" in line
    assert warnings_of(run, data, "public") == []
    # A copy without FER+'s votes cannot tell.
    assert (
        warnings_of(run, open_data(run.source, run.recipe, without, dataset="fer2013"), "train")
        == []
    )


def test_a_detector_knows_its_pictures_by_their_fingerprint(tmp_path: Path) -> None:
    path = str(write_zip(tmp_path / "faces_train.zip", PICTURES))
    recipe = {
        "dataset": "coco", "splits": "random:60/40", "splits_from": "train", "splits_seed": 0,
        "train_split": "train", "limit": 2,
    }  # fmt: skip
    parts: Any = resplit(open_dataset(path, "coco"), "random:60/40")
    known = box_fingerprint(islice(parts.scenes("train"), 2))
    moved = {
        name: ({color: (x1 + 1, y1, x2, y2) for color, (x1, y1, x2, y2) in boxes.items()}, marked)
        for name, (boxes, marked) in PICTURES.items()
    }
    other = str(write_zip(tmp_path / "others_train.zip", moved))
    for card, place, found in (
        ({"recipe": recipe, "fingerprint": known}, path, True),
        ({"recipe": recipe, "fingerprint": "0123"}, path, False),
        ({"recipe": recipe, "fingerprint": known}, other, False),
        ({"recipe": recipe}, other, True),  # runs of the first versions have no fingerprint
        ({"recipe": {**recipe, "train_split": "all"}, "fingerprint": known}, path, False),
        ({"recipe": {"dataset": "coco"}, "fingerprint": known}, path, False),
    ):
        run = detector(**card)
        data = open_data(run.source, run.recipe, place)
        assert TrainingData(run, data).is_measured is found
        assert bool(warnings_of(run, data, "train")) is found
    run = detector(recipe=recipe, fingerprint=known)
    data = open_data(run.source, run.recipe, path)
    assert warnings_of(run, data, "train") == [
        "the detector was trained on split 'train': these figures flatter it"
    ]


def test_unreadable_pictures_are_counted(bars: str) -> None:
    subject = classifier(is_run=False)
    data = open_data(subject.source, subject.recipe, bars)
    found = answered(data, "public", skipped=("a.png: cut short", "b.png: empty"))
    assert TrainingData(subject, data).warnings(found) == [
        "2 of 130 pictures could not be read and are left out of all figures, such as "
        "a.png: cut short"
    ]


@pytest.mark.parametrize(
    ("margin", "warned"), [(None, False), (0.5, True), (FER2013_FRAMING["margin"], False)]
)
def test_crops_of_another_framing(margin: float | None, warned: bool, tmp_path: Path) -> None:
    (tmp_path / "happiness").mkdir()
    photo("astronaut.jpg").save(tmp_path / "happiness" / "a.png")
    if margin is not None:
        framing = {**FER2013_FRAMING, "margin": margin}
        (tmp_path / CROPPED).write_text(json.dumps({"framing": framing}))
    source = Source("default", "classifier", "name")
    subject = ClassifierSubject.open(source, Settings())
    data = open_data(source, {}, str(tmp_path), "folder")
    found = warnings_of(subject, data, "train")
    assert any("cut with margin 0.5" in line for line in found) == warned
    photos = open_data(source, {}, str(tmp_path), "folder", ["detect=yes"])
    assert warnings_of(subject, photos, "train") == []
