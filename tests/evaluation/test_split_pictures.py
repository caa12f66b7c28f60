from __future__ import annotations

import numpy as np
import pytest

from mien.datasets.samples import Sample
from mien.errors import DatasetError
from mien.evaluation.split_pictures import check_any_read, read_or_skip


def fail(reason: str) -> np.ndarray:
    raise DatasetError(reason)


def test_an_unreadable_picture_is_listed_with_its_key_and_the_reason() -> None:
    skipped: list[str] = []
    whole = Sample(np.zeros((2, 2), np.uint8), 0, "a.png")
    assert read_or_skip(whole, skipped) is whole.image and skipped == []
    assert read_or_skip(Sample(lambda: fail("cut short"), 0, "b.png"), skipped) is None
    assert read_or_skip(Sample(lambda: fail("c.png is empty"), 0, "c.png"), skipped) is None
    assert skipped == ["b.png: cut short", "c.png is empty"]


def test_a_split_without_a_readable_picture() -> None:
    check_any_read("valid", 1, ["b.png: cut short"])
    with pytest.raises(DatasetError, match=r"'valid' holds no pictures: none of 1 .* b\.png: cut"):
        check_any_read("valid", 0, ["b.png: cut short"])
    with pytest.raises(DatasetError, match=r"'valid' holds no pictures$"):
        check_any_read("valid", 0, [])
