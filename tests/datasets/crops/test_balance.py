from __future__ import annotations

import pytest

from mien.datasets.crops.balance import uneven_classes


def test_equal_and_plentiful_classes_need_no_word() -> None:
    assert uneven_classes("train", {"anger": 100, "fear": 900, "none": 0}) == ""
    assert uneven_classes("train", {"anger": 3}) == ""


@pytest.mark.parametrize("weighted", [False, True])
def test_unequal_classes(weighted: bool) -> None:
    found = uneven_classes("train", {"happiness": 7215, "disgust": 436, "fear": 4097}, weighted)
    assert found.startswith(
        "split 'train' has 17 times as many pictures of happiness as of disgust"
    )
    assert ("--set class_weights=true" in found) is not weighted


def test_few_pictures() -> None:
    found = uneven_classes("own", {"bored": 19, "pain": 20, "drowsy": 7})
    assert "few pictures of bored (19), drowsy (7)" in found and "pain" not in found
    assert "--folds 5" in found and "balanced" not in found
    assert "sampling=balanced" in uneven_classes("own", {"bored": 190, "drowsy": 7})
