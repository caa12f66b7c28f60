from __future__ import annotations

import os
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


HOSTILE = {
    "deep": ("a = " + "[" * 3000 + "]" * 3000, "not valid TOML: it has more than 64 lists"),
    "digits": ("epochs = " + "9" * 5000, "not valid TOML: a whole number has too many digits"),
    "400 digits": ("lr = " + "9" * 400, "not valid TOML: a whole number does not fit"),
    "hexadecimal": ("epochs = 0x" + "f" * 5000, "not valid TOML: a whole number does not fit"),
    "date": ("epochs = 1979-05-27", "not valid TOML: 1979-05-27 is a date"),
    "1e400": ("lr = 1e400", "lr must be finite"),
    "1e300": ("lr = 1e300", "lr must be positive, from 1e-12 to 1e"),
    "1e-320": ("distill_temperature = 1e-320", "distill_temperature must be positive, from"),
    "float": ("epochs = 3.0", "epochs must be a whole number, got 3.0"),
    "boolean": ("epochs = true", "epochs must be a whole number, got True"),
    "std": ("std = [1e-300]", "std must not be 0, and of a size from"),
    "side": ("input_size = 1000000\nresize = 1000000", "input_size must be from 1 to 4096"),
    "bytes": (b'name = "\xff"', "not valid TOML: it is not UTF-8 text from byte 9 on"),
    "key": ('"a\\nb" = 1', r"unknown key 'a\\nb'"),
    "long": ('epochs = "' + "x" * 100_000 + '"', "epochs must be a whole number, got 'x*…$"),
    "large": ("#" * 300_000, "it has more than 262,144 bytes"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_recipe_is_one_clear_line(tmp_path: Path, name: str) -> None:
    text, expected = HOSTILE[name]
    path = tmp_path / "hostile.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError, match=expected) as caught:
        load_recipe(path)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 800


def test_a_recipe_is_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(ConfigError, match=r"cannot read the recipe .*: it is a named pipe"):
        load_recipe(tmp_path / "pipe.toml")


@pytest.mark.parametrize(
    "value",
    [10**400, 10**5000, float("inf"), float("nan"), True, [[[]]]],
    ids=["400", "5000", "inf", "nan", "true", "lists"],
)
def test_hostile_values_from_python(value: Any) -> None:
    for key in ("epochs", "lr", "name", "widths", "size_schedule", "limit", "flip"):
        if (key, value) != ("flip", True):
            with pytest.raises(ConfigError, match=key):
                load_recipe("default", values={key: value})


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
