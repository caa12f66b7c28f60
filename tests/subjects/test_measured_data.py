from __future__ import annotations

from pathlib import Path

import pytest

from mien.datasets.opening import open_dataset
from mien.datasets.splits import resplit
from mien.errors import ConfigError, UnknownNameError
from mien.subjects.measured_data import division_of, open_data
from mien.subjects.source import Source
from tests.support import tiny
from tests.support.coloured_faces import PICTURES, write_zip

RECIPE = {"dataset": "fer2013", "splits": "random:80/20", "splits_seed": 3}


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny.write_csv(tmp_path_factory.mktemp("bars") / "fer2013.csv"))


def keys(data: object, split: str) -> list[str]:
    return [sample.key for sample in data.samples(split)]  # type: ignore[attr-defined]


def test_a_run_is_read_and_divided_as_its_recipe_says(bars: str) -> None:
    found = open_data(Source("run", "classifier", "run"), RECIPE, bars)
    assert (found.reader, found.division) == ("fer2013", ("random:80/20", "train", 3))
    own = resplit(open_dataset(bars), "random:80/20", "train", 3)
    assert keys(found.crops, "valid") == keys(own, "valid")
    assert found.name == "fer2013"


def test_a_file_is_read_in_the_official_splits(bars: str) -> None:
    for recipe in ({}, RECIPE):
        found = open_data(Source("x.onnx", "classifier", "file"), recipe, bars)
        assert found.division[0] == "official" and found.divided is found.whole


def test_what_the_user_says_comes_first(bars: str) -> None:
    run = Source("run", "classifier", "run")
    assert open_data(run, RECIPE, bars, splits="official").divided.splits() == ("train", "public")
    # The seed of the recipe is kept, so that a file exported from a run finds the run's parts.
    for source in (run, Source("x.onnx", "classifier", "file")):
        assert open_data(source, RECIPE, bars, splits="random:50/50").division == (
            "random:50/50", "train", 3,
        )  # fmt: skip
    with pytest.raises(UnknownNameError, match="unknown dataset 'fer'"):
        open_data(run, RECIPE, bars, dataset="fer")


def test_another_reader_forgets_the_recipe(bars: str) -> None:
    ferplus = {**RECIPE, "dataset": "ferplus", "dataset_options": ("classes=7",)}
    run = Source("run", "classifier", "run")
    found = open_data(run, ferplus, bars, dataset="fer2013")
    assert (found.reader, found.division) == ("fer2013", ("official", "train", 0))


def test_test_pictures_alone_stay_undivided(tmp_path: Path) -> None:
    path = str(write_zip(tmp_path / "faces_val.zip", PICTURES))
    recipe = {"dataset": "coco", "splits": "random:60/40"}
    found = open_data(Source("run", "detector", "run"), recipe, path)
    assert found.division[0] == "official" and found.only_split(None) == "valid"
    assert found.name == "faces_val" and len(list(found.scenes.scenes("valid"))) == 5


def test_a_split_is_needed_if_there_are_several(bars: str) -> None:
    found = open_data(Source("x", "classifier", "file"), {}, bars)
    assert found.only_split("public") == "public"
    with pytest.raises(ConfigError, match="--split is missing: this data has train, public"):
        found.only_split(None)


def test_each_kind_needs_its_own_kind_of_data(bars: str, tmp_path: Path) -> None:
    scenes = str(write_zip(tmp_path / "faces_val.zip", PICTURES))
    with pytest.raises(ConfigError, match="x is a face detector, and 'fer2013' reads face crops"):
        open_data(Source("x", "detector", "file"), {}, bars, dataset="fer2013")
    with pytest.raises(ConfigError, match="x is a classifier, and 'coco' reads whole pictures"):
        open_data(Source("x", "classifier", "file"), {}, scenes, dataset="coco")


def test_the_division_of_a_recipe() -> None:
    assert division_of({}) == ("official", "train", 0)
    assert division_of({**RECIPE, "splits_from": "public"}) == ("random:80/20", "public", 3)
