from __future__ import annotations

import pytest

from mien.errors import ConfigError
from mien.train.tuning.split import described, tuning_split
from tests.support import tiny


@pytest.mark.parametrize("valid", ["public", "private", "test", "train", None])
def test_an_official_split_is_never_tuned_on(valid: str | None) -> None:
    tuned, note = tuning_split(tiny.config(valid_split=valid))
    assert (tuned.splits, tuned.splits_from) == ("random:90/10", "train")
    assert (tuned.train_split, tuned.valid_split) == ("train", "valid")
    assert "'valid' of 'train'" in note


def test_the_datas_own_valid_split_is_not_tuned_on_either() -> None:
    tuned, _ = tuning_split(tiny.config(splits="auto", valid_split="valid"))
    assert (tuned.splits, tuned.splits_from) == ("random:90/10", "train")
    assert (tuned.train_split, tuned.valid_split) == ("train", "valid")


def test_a_division_of_the_recipe_is_kept() -> None:
    config = tiny.config(splits="random:80/20", splits_seed=3, valid_split="valid")
    assert tuning_split(config) == (config, "")
    assert described(config) == "the part 'valid' of 'train' (random:80/20, seed 3)"


def test_the_test_part_of_a_division_is_reported_and_not_tuned_on() -> None:
    tuned, note = tuning_split(tiny.config(splits="random:80/10/10", valid_split="test"))
    assert (tuned.splits, tuned.valid_split) == ("random:80/10/10", "valid")
    assert "not on 'test'" in note


def test_another_name_of_the_training_split() -> None:
    tuned, _ = tuning_split(tiny.config(train_split="all"))
    assert (tuned.splits_from, tuned.train_split) == ("all", "train")


@pytest.mark.parametrize(
    "keys",
    [
        {"train_split": "public"},
        {"splits": "random:90/10", "splits_from": "private", "valid_split": "valid"},
    ],
)
def test_no_part_of_a_reported_split_either(keys: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="reserved for reporting"):
        tuning_split(tiny.config(**keys))
