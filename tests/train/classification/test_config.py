from __future__ import annotations

import json
from typing import Any

import pytest

from mien.errors import ConfigError
from mien.train.classification.config import ClassifierConfig
from mien.train.recipe import load_recipe
from tests.support import tiny


def test_a_config_survives_json() -> None:
    config = load_recipe("default")
    assert ClassifierConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_an_unknown_key_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="unknown key 'epoch': did you mean 'epochs'"):
        load_recipe("default", ["epoch=3"])


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("epochs=3.5", "epochs must be a whole number"),
        ("epochs=true", "epochs must be a whole number"),
        ("epochs=0", "epochs must be positive"),
        ("lr=nan", "lr must be finite"),
        ("lr=inf", "lr must be finite"),
        ("lr=fast", "lr must be a number"),
        ("flip=1", "flip must be true or false"),
        ("widths=8", "widths must be a list"),
        ("widths=[8, 8]", "one value per stage"),
        ("widths=[8, 8, 8, 0]", "widths must be positive"),
        ("size_schedule=[[0.5]]", "pairs"),
        ("size_schedule=[0.5, 32]", "must be a list"),
        ("size_schedule=[[0.9, 32], [0.2, 40]]", "not exceed 1 in total"),
        ("size_schedule=[[0.9, 4]]", "from 8 to 4096 pixels"),
        ("input_size=64", "larger than resize"),
        ("input_size=43", "even"),
        ("dropout=1.5", "dropout must be in"),
        ("scale=1.0", r"scale must be in \[0, 1\)"),
        ("schedule=step", "onecycle, cosine, constant or plateau"),
        ("precision=fp8", "fp32, bf16 or fp16"),
        ("limit=3", "limit .3. must not be below batch_size .128."),
        ("seed=5000000000", "seed must be from 0 to 2"),
        ("epochs", "KEY=VALUE"),
    ],
)
def test_a_wrong_value_is_one_clear_line(override: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected) as caught:
        load_recipe("default", [override])
    assert "\n" not in str(caught.value)


TIMM = {"architecture": "timm", "backbone": "resnet18"}


@pytest.mark.parametrize(("keys", "reason"), [
    ({"schedule": "plateau", "valid_split": None}, "plateau watches validation"),
    ({"patience": 3, "valid_split": None}, "patience watches validation"),
    ({"loss": "svm"}, "svm takes hard labels: set label_smoothing to 0"),
    ({"loss": "svm", "label_smoothing": 0.0, "mixup": 0.2}, "svm takes hard labels: set mixup"),
    ({"sampling": "balanced", "class_weights": True}, "both correct for class freq"),
    ({"freeze_epochs": 1}, "freeze_epochs keeps .*: set weights"),
    ({"freeze_statistics": True}, "freeze_statistics keeps .*: set weights"),
    ({"architecture": "knn", "weights": "default"}, "leave weights out"),
    ({"architecture": "timm"}, "architecture timm and backbone come together"),
    ({"backbone": "resnet18"}, "architecture timm and backbone come together"),
    ({"weights": "imagenet"}, "imagenet weights are for the architecture timm"),
    ({"whitening": True, "size_schedule": [[0.5, 32]]}, "whitening needs one input size"),
    ({"whitening": True, "resize": 96, "input_size": 96}, "needs a matrix of 9216²"),
    ({**TIMM, "weights": "imagenet", "whitening": True}, "leave one of them out"),
    ({"architecture": "knn", "patience": 2}, "not trained by gradient steps: leave patience out"),
    ({"limit": 16}, r"limit \(16\) must not be below batch_size \(32\)"),
    ({"architecture": "mlp", "dropblock": 0.1}, "no use for dropblock"),
    ({"architecture": "cnn", "stochastic_depth": 0.1}, "this network has none"),
    ({"architecture": "unet", "stochastic_depth": 0.1}, "no use for stochastic_depth"),
    ({"architecture": "mlp", "hidden": [8]}, "mlp has no use for hidden"),
    ({"architecture": "mlp", "blur_pool": True}, "mlp has no use for blur_pool"),
    ({"architecture": "cnn", "ranks": [[0, 4]]}, "cnn has no use for ranks"),
    ({"ranks": [[0, 4]]}, "ranks must have a pair for each 3×3 convolution, two per block"),
    ({"ranks": [[0, -4]] * 8}, "ranks must not be negative"),
    ({"swa": 0.2}, "swa and ema both average the weights: set ema to 0"),
    ({"swa": 0.2, "ema": 0.0, "patience": 3}, "swa averages the last epochs, which patience may"),
    ({"sam": 0.05, "precision": "fp16"}, "sam steps along the gradient.* set precision to bf16"),
    ({"distill_sharp": True, "noise": 0.0}, "keeps noise, blur and downscale from the teachers"),
    ({"sharp_share": 0.3, "noise": 0.0}, "keeps noise, blur and downscale from some views: set"),
    ({"architecture": "knn", "sam": 0.05}, "not trained by gradient steps: leave sam out"),
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
    ({"crop": 1.0}, r"crop must be in \[0, 1\)"),
    ({"mean": ["a"]}, "mean must be a list of numbers, got"),
    ({"dataset_options": [3]}, "dataset_options must be a list of texts, got"),
])  # fmt: skip
def test_a_value_out_of_range_is_named(keys: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        tiny.config(**keys)


def test_networks_that_are_fitted_need_no_whole_batch() -> None:
    assert tiny.config(architecture="knn", limit=16).limit == 16
