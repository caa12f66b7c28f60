from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from mien.errors import ConfigError
from mien.train.detection.config import DetectorConfig
from mien.train.recipe import load_recipe
from tests.support.few_scenes import TINY


def test_a_config_survives_json() -> None:
    assert DetectorConfig.from_dict(json.loads(json.dumps(TINY.to_dict()))) == TINY


def test_keys_are_a_detectors_own() -> None:
    with pytest.raises(ConfigError, match="unknown key 'frozen_stage': did you mean 'frozen_st"):
        load_recipe("faster_rcnn_r50", ["frozen_stage=1"])
    with pytest.raises(ConfigError, match="view must be a whole number, got 'large'"):
        load_recipe("faster_rcnn_r50", ["view=large"])
    with pytest.raises(ConfigError, match="cannot learn from a teacher"):
        load_recipe("faster_rcnn_r50", values={"teacher": "runs/other"})


@pytest.mark.parametrize(("keys", "reason"), [
    ({"view": 100}, r"view \(100\) must be a multiple of 32"),
    ({"short_side": 600, "long_side": 500}, "short_side must not be larger than long_side"),
    ({"strides": (8, 16)}, "strides must end in 32"),
    ({"strides": (8, 32)}, "each twice the one before"),
    ({"strides": (2, 4, 8, 16, 32)}, "strides must end in 32"),
    ({"strides": ()}, "strides must end in 32"),
    ({"anchor_sizes": (24, 48)}, "one side for each of the 3 levels"),
    ({"anchor_sizes": (48, 24, 96)}, "the smallest first"),
    ({"anchor_sizes": (0, 24, 96)}, "anchor_sizes must be positive"),
    ({"anchor_ratios": ()}, "anchor_ratios must be positive, one or more"),
    ({"anchor_scales": (1.0, -1.0)}, "anchor_scales must be positive, one or more"),
    ({"zoom": (1.0,)}, "zoom must be the smallest and the largest factor"),
    ({"zoom": (2.0, 0.5)}, "zoom must be"),
    ({"frozen_stages": 6, "weights": "coco"}, "at most 5 for mobilenet_v3"),
    ({"frozen_stages": 1}, "frozen_stages keeps .*: set weights"),
    ({"norm": "frozen"}, "norm frozen keeps .*: set weights"),
    ({"backbone": "resnext101_32x8d", "weights": "coco"}, "no COCO detector with resnext101"),
    ({"limit": 3}, r"limit \(3\) must not be below batch_size \(4\)"),
])  # fmt: skip
def test_what_cannot_work_is_refused_with_the_reason(keys: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason) as caught:
        replace(TINY, **keys)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("keys", "reason"), [
    ({"task": "segmentation"}, "task must be detection"),
    ({"backbone": "vgg"}, "backbone must be resnet50, resnext101_32x8d or mobilenet_v3_large"),
    ({"norm": "group"}, "norm must be batch or frozen"),
    ({"precision": "fp16"}, "precision must be auto, fp32 or bf16"),
    ({"schedule": "plateau"}, "cosine, onecycle or constant"),
    ({"lr": 0.0}, "lr must be positive"),
    ({"nms": 1.5}, r"nms must be in \[0, 1\]"),
    ({"colour": -0.1}, "colour must be in"),
    ({"workers": -1}, "workers must not be negative"),
    ({"limit": 0}, "limit must be positive, or left out"),
    ({"ema": 1.0}, r"ema must be in \[0, 1\)"),
    ({"seed": 2**32}, "seed must be from 0 to"),
    ({"weight_decay": float("inf")}, "weight_decay must be finite"),
    ({"zoom": (float("nan"), 1.0)}, "zoom must be finite"),
])  # fmt: skip
def test_a_value_out_of_range_is_named(keys: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        replace(TINY, **keys)


def test_several_faults_are_reported_at_once() -> None:
    with pytest.raises(
        ConfigError,
        match=r"recipe 'tiny': epochs must be positive, at most \d+; lr must be positive",
    ):
        replace(TINY, lr=-1.0, epochs=0)
