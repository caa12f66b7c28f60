from __future__ import annotations

from typing import Any

import pytest

from mien.errors import ConfigError
from tests.support import tiny

TIMM = {"architecture": "timm", "backbone": "resnet18"}


@pytest.mark.parametrize(("keys", "reason"), [
    ({"schedule": "plateau", "valid_split": None}, "plateau watches validation"),
    ({"patience": 3, "valid_split": None}, "patience watches validation"),
    ({"loss": "svm"}, "svm takes hard labels: set label_smoothing to 0"),
    ({"loss": "svm", "label_smoothing": 0.0, "mixup": 0.2}, "svm takes hard labels: set mixup"),
    ({"sampling": "balanced", "class_weights": True}, "same thing twice"),
    ({"freeze_epochs": 1}, "freeze_epochs .* needs weights"),
    ({**TIMM, "weights": "imagenet", "freeze_epochs": 2}, "must leave an epoch"),
    ({"architecture": "timm"}, "architecture timm and backbone come together"),
    ({"backbone": "resnet18"}, "architecture timm and backbone come together"),
    ({"weights": "imagenet"}, "weights are for the architecture timm"),
    ({"whitening": True, "size_schedule": [[0.5, 32]]}, "whitening knows one input size"),
    ({"whitening": True, "resize": 96, "input_size": 96}, "needs a matrix of 9216²"),
    ({**TIMM, "weights": "imagenet", "whitening": True}, "leave one of them out"),
    ({"architecture": "knn", "patience": 2}, "knn learns nothing by steps: leave patience out"),
    ({"limit": 16}, r"limit \(16\) must not be below batch_size \(32\)"),
    ({"architecture": "mlp", "dropblock": 0.1}, "dropblock has no place"),
    ({"architecture": "cnn", "stochastic_depth": 0.1}, "this network has none"),
    ({"architecture": "unet", "stochastic_depth": 0.1}, "stochastic_depth has no place"),
    ({"architecture": "mlp", "hidden": [8]}, "hidden has no place in the architecture mlp"),
])  # fmt: skip
def test_what_cannot_work_is_refused_with_the_reason(keys: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason) as caught:
        tiny.config(**keys)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("keys", "reason"), [
    ({"loss": "hinge"}, "loss must be cross_entropy, focal or svm"),
    ({"optimizer": "lamb"}, "optimizer must be sgd, adam or adamw"),
    ({"norm": "instance"}, "norm must be batch, layer, group or none"),
    ({"channels": 2}, "channels must be 1 or 3"),
    ({"mean": [0.1, 0.2]}, "mean must have one value, or one for each of 1 channels"),
    ({"std": [0.0]}, "std must not be 0"),
    ({"max_per_class": 0}, "max_per_class must be positive, or left out"),
    ({"plateau_factor": 1.0}, "between 0 and 1"),
    ({"shear": 90.0}, r"shear must be in \[0, 60\)"),
    ({"crop": 1.0}, "crop in"),
    ({"mean": ["a"]}, "mean must be a list of numbers, got"),
    ({"dataset_options": [3]}, "dataset_options must be a list of texts, got"),
])  # fmt: skip
def test_a_value_out_of_range_is_named(keys: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        tiny.config(**keys)


def test_what_learns_all_at_once_needs_no_whole_batch() -> None:
    assert tiny.config(architecture="knn", limit=16).limit == 16
