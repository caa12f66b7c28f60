from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mien.datasets.base import Sample, open_dataset, pixel_keys, stack
from mien.errors import DatasetError, UnknownNameError
from tests.support import fer2013
from tests.support.fer2013 import Row

GREY = np.arange(12, dtype=np.uint8).reshape(3, 4)


def test_stack_keeps_order_and_types() -> None:
    split = stack([Sample(GREY + i, i, f"row {i}", tuple(range(i, i + 10))) for i in range(5)])
    assert len(split) == 5
    assert split.images.shape == (5, 3, 4) and split.images.dtype == np.uint8
    assert all(np.array_equal(split.images[i], GREY + i) for i in range(5))
    assert split.labels.dtype == np.int64 and split.labels.tolist() == [0, 1, 2, 3, 4]
    assert split.keys[3] == "row 3"
    assert split.votes is not None and split.votes.dtype == np.float32
    assert split.votes[2].tolist() == list(range(2, 12))


def test_votes_are_all_or_none() -> None:
    assert stack([Sample(GREY, 0, "a", (1,) * 10), Sample(GREY, 0, "b")]).votes is None


def test_stack_refuses_nothing_and_mixed_sizes() -> None:
    with pytest.raises(DatasetError, match="split 'public' holds no pictures"):
        stack([], "split 'public'")
    with pytest.raises(DatasetError, match=r"mixes picture sizes: \[\(3, 4\), \(4, 3\)\]"):
        stack([Sample(GREY, 0, "a"), Sample(GREY.T, 0, "b")])


def test_pixel_keys_are_equal_where_pixels_and_shape_are() -> None:
    a, copy, view, turned, other = pixel_keys(
        [GREY, GREY.copy(), np.hstack([GREY, GREY])[:, 4:], GREY.reshape(4, 3), GREY + 1]
    )
    assert a == copy == view
    assert len({a, turned, other}) == 3


def test_an_unknown_reader_lists_those_there_are() -> None:
    with pytest.raises(UnknownNameError, match=r"did you mean 'fer2013'\?"):
        open_dataset("x", "fer2031")


def test_a_wrong_reader_is_told_the_right_one(fer2013_rows: list[Row], tmp_path: Path) -> None:
    folder = fer2013.write_folder(tmp_path / "faces", {"3-Happy/me.png": fer2013_rows[0].image})
    with pytest.raises(DatasetError, match=r"is no FER2013: .*; readers that take it: folder$"):
        open_dataset(folder)
    table = fer2013.write_csv(tmp_path / "fer2013.csv", fer2013_rows)
    with pytest.raises(DatasetError, match=r"readers that take it: fer2013, ferplus$"):
        open_dataset(table, "folder")
    with pytest.raises(DatasetError) as nothing:
        open_dataset(tmp_path / "nowhere")
    assert "readers" not in str(nothing.value)
