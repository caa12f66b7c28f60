from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mien.errors import ConfigError, UnknownNameError
from mien.train.classification.config import ClassifierConfig
from mien.train.recipe import RECIPES, load_recipe, recipe_names


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_is_valid_and_says_what_it_is(name: str) -> None:
    config = load_recipe(name)
    assert config.name == name
    assert config.description.endswith(".")


def test_a_config_survives_json() -> None:
    config = load_recipe("default")
    assert ClassifierConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_an_unknown_recipe_is_answered_with_the_names() -> None:
    with pytest.raises(UnknownNameError, match=r"did you mean 'default'.*se_resnet18"):
        load_recipe("defalt")


def test_an_unknown_key_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="unknown key 'epoch': did you mean 'epochs'"):
        load_recipe("default", ["epoch=3"])


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("epochs=3.5", "epochs must be a whole number"),
        ("epochs=true", "epochs must be a whole number"),
        ("epochs=0", "epochs must be positive"),
        ("lr=nan", "lr must be positive"),
        ("lr=inf", "nan and inf"),
        ("lr=fast", "lr must be a number"),
        ("flip=1", "flip must be true or false"),
        ("widths=8", "widths must be a list"),
        ("widths=[8, 8]", "one value a stage"),
        ("widths=[8, 8, 8, 0]", "widths must be positive"),
        ("size_schedule=[[0.5]]", "pairs"),
        ("size_schedule=[0.5, 32]", "must be a list"),
        ("size_schedule=[[0.9, 32], [0.2, 40]]", "exceed 1"),
        ("size_schedule=[[0.9, 4]]", "8 pixels"),
        ("input_size=64", "larger than resize"),
        ("input_size=43", "even"),
        ("dropout=1.5", "dropout must be in"),
        ("scale=1.0", "below 1"),
        ("schedule=step", "onecycle, cosine, constant or plateau"),
        ("precision=fp8", "fp32, bf16 or fp16"),
        ("limit=3", "limit .3. must not be below batch_size .128."),
        ("seed=5000000000", "below 2"),
        ("epochs", "KEY=VALUE"),
    ],
)
def test_a_wrong_value_is_one_clear_line(override: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected) as caught:
        load_recipe("default", [override])
    assert "\n" not in str(caught.value)


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


def test_a_recipe_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text((RECIPES / "default.toml").read_text() + "momentum = 0.8\n")
    config = load_recipe(path)
    assert (config.name, config.momentum) == ("mine", 0.8)
    path.write_text("epochs = ")
    with pytest.raises(ConfigError, match="no valid TOML"):
        load_recipe(path)
    with pytest.raises(ConfigError, match="cannot read"):
        load_recipe(tmp_path / "none.toml")


def test_recipes_can_be_read_without_pytorch() -> None:
    code = (
        "import sys, mien.train.recipe as recipe; recipe.load_recipe('default');"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
