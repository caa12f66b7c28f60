from __future__ import annotations

import pytest

from mien.datasets.folding import Folding
from mien.errors import ConfigError


@pytest.mark.parametrize(
    "text", ["fold:1/5", "fold:5/5:valid", "subject-fold:2/3", "subject-fold:3/10:valid"]
)
def test_a_text_comes_back(text: str) -> None:
    found = Folding.parse(text)
    assert found is not None and found.text == text


@pytest.mark.parametrize("text", ["fold:1", "random:90/10", "fold:1/5:test", "fold:-1/5", ""])
def test_other_texts_are_none(text: str) -> None:
    assert Folding.parse(text) is None


@pytest.mark.parametrize("text", ["fold:0/5", "fold:6/5", "fold:1/1", "fold:1/2:valid"])
def test_folds_that_cannot_be(text: str) -> None:
    with pytest.raises(ConfigError, match="fold"):
        Folding.parse(text)


def test_each_fold_is_tested_once_and_validates_once() -> None:
    parts = [Folding(4, number, validates=True) for number in (1, 2, 3, 4)]
    assert [[each.part_of(fold) for fold in range(4)] for each in parts] == [
        [2, 1, 0, 0], [0, 2, 1, 0], [0, 0, 2, 1], [1, 0, 0, 2]
    ]  # fmt: skip
    assert [Folding(3, 2).part_of(fold) for fold in range(3)] == [0, 1, 0]
