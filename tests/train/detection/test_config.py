from __future__ import annotations

import json
from pathlib import Path

import pytest

from mien.errors import ConfigError
from mien.train.classification.config import ClassifierConfig
from mien.train.detection.config import DetectorConfig
from mien.train.recipe import load_classifier_recipe, load_recipe
from tests.support.few_scenes import TINY


def test_a_config_survives_json() -> None:
    assert DetectorConfig.from_dict(json.loads(json.dumps(TINY.to_dict()))) == TINY


def test_the_task_tells_a_detectors_recipe(tmp_path: Path) -> None:
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


def test_keys_are_a_detectors_own() -> None:
    with pytest.raises(ConfigError, match="unknown key 'frozen_stage': did you mean 'frozen_st"):
        load_recipe("faster_rcnn_r50", ["frozen_stage=1"])
    with pytest.raises(ConfigError, match="view must be a whole number, got 'large'"):
        load_recipe("faster_rcnn_r50", ["view=large"])
    with pytest.raises(ConfigError, match="learns from no teacher"):
        load_recipe("faster_rcnn_r50", values={"teacher": "runs/other"})


@pytest.mark.parametrize("way", [{"overrides": ["weights=none"]}, {"values": {"weights": "none"}}])
def test_without_weights_nothing_is_frozen(way: dict[str, list[str]]) -> None:
    config = load_recipe("faster_rcnn_x101", **way)
    assert isinstance(config, DetectorConfig)
    assert (config.weights, config.frozen_stages, config.norm) == (None, 0, "batch")
    classifier = load_classifier_recipe("resnet18", **way)
    assert (classifier.weights, classifier.freeze_epochs) == (None, 0)
