from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mien.errors import ConfigError, UnknownNameError
from mien.train.classification.config import ClassifierConfig
from mien.train.detection.config import DetectorConfig
from mien.train.recipe import (
    RECIPES,
    load_classifier_recipe,
    load_detector_recipe,
    load_recipe,
    recipe_names,
)


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_is_valid_and_says_what_it_is(name: str) -> None:
    config = load_recipe(name)
    assert config.name == name
    assert config.description.endswith(".")


def test_an_unknown_recipe_is_answered_with_the_names() -> None:
    with pytest.raises(UnknownNameError, match=r"did you mean 'default'.*se_resnet18"):
        load_recipe("defalt")


@pytest.mark.parametrize(
    ("override", "key", "value"),
    [
        ("lr=1", "lr", 1.0),
        ("widths=[8, 16, 32, 64]", "widths", (8, 16, 32, 64)),
        ("size_schedule=[[0.5, 32]]", "size_schedule", ((0.5, 32),)),
        ("schedule=cosine", "schedule", "cosine"),
        ('schedule="cosine"', "schedule", "cosine"),
        ("valid_split=", "valid_split", None),
        ("limit=500", "limit", 500),
    ],
)
def test_overrides_are_read_as_toml(override: str, key: str, value: Any) -> None:
    assert getattr(load_recipe("default", [override]), key) == value


def test_ready_values_go_before_overrides() -> None:
    assert load_recipe("default", ["epochs=3"], {"epochs": 4}).epochs == 4


def test_a_recipe_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text((RECIPES / "default.toml").read_text() + "momentum = 0.8\n")
    config = load_recipe(path)
    assert (config.name, config.momentum) == ("mine", 0.8)
    path.write_text("epochs = ")
    with pytest.raises(ConfigError, match="is not valid TOML"):
        load_recipe(path)
    with pytest.raises(ConfigError, match="cannot read"):
        load_recipe(tmp_path / "none.toml")


def test_recipes_can_be_read_without_pytorch() -> None:
    code = (
        "import sys, mien.train.recipe as recipe; recipe.load_recipe('default');"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_task_marks_a_detectors_recipe(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('task = "detection"\nepochs = 3\nvalid_split = ""\nlr = 1')
    config = load_recipe(path)
    assert isinstance(config, DetectorConfig)
    assert (config.name, config.epochs, config.valid_split, config.lr) == ("mine", 3, None, 1.0)
    path.write_text("epochs = 3")
    assert isinstance(load_recipe(path), ClassifierConfig)
    path.write_text('task = "segmentation"')
    with pytest.raises(ConfigError, match="task must be 'detection', or left out"):
        load_recipe(path)


def test_where_a_classifier_is_needed_a_detectors_recipe_is_refused() -> None:
    with pytest.raises(ConfigError, match="'faster_rcnn_r50' trains a face detector"):
        load_classifier_recipe("faster_rcnn_r50")
    assert load_classifier_recipe("default") == load_recipe("default")
    with pytest.raises(ConfigError, match="'default' trains a classifier of face crops: give a"):
        load_detector_recipe("default")
    assert load_detector_recipe("faster_rcnn_r50") == load_recipe("faster_rcnn_r50")


@pytest.mark.parametrize("way", [{"overrides": ["weights=none"]}, {"values": {"weights": "none"}}])
def test_without_weights_nothing_is_frozen(way: dict[str, list[str]]) -> None:
    config = load_recipe("faster_rcnn_x101", **way)
    assert isinstance(config, DetectorConfig)
    assert (config.weights, config.frozen_stages, config.norm) == (None, 0, "batch")
    classifier = load_classifier_recipe("resnet18", **way)
    assert (classifier.weights, classifier.freeze_epochs) == (None, 0)
