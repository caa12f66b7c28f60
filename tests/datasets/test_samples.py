from __future__ import annotations

import hashlib

import numpy as np
import pytest

from mien.datasets.samples import Sample, pixel_fingerprint, pixel_keys, stack
from mien.errors import DatasetError

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


def test_a_fingerprint_knows_labels_pixels_and_their_order() -> None:
    base = pixel_fingerprint([0, 1], [b"a" * 16, b"b" * 16])
    assert len(base) == 16 and int(base, 16) >= 0
    assert base == pixel_fingerprint(iter([0, 1]), iter([b"a" * 16, b"b" * 16]))
    others = {
        pixel_fingerprint([1, 1], [b"a" * 16, b"b" * 16]),
        pixel_fingerprint([0, 1], [b"a" * 16, b"c" * 16]),
        pixel_fingerprint([1, 0], [b"b" * 16, b"a" * 16]),
        pixel_fingerprint([0], [b"a" * 16]),
    }
    assert base not in others and len(others) == 4


class Photo:
    """Pixels that can be decoded smaller."""

    def __call__(self) -> np.ndarray:
        return GREY

    def at(self, side: int) -> np.ndarray:
        return np.full((2 * side, 2 * side), 7, np.uint8)


def test_a_picture_is_decoded_smaller_where_that_is_possible() -> None:
    assert Sample(Photo(), 0, "a").image is GREY
    assert Sample(Photo(), 0, "a").reduced(3).shape == (6, 6)
    assert Sample(GREY, 0, "a").reduced(3) is GREY
    assert Sample(lambda: GREY, 0, "a").reduced(3) is GREY


@pytest.mark.parametrize("shape", [(48, 48), (1, 1), (700, 900, 3), (3, 9, 3), (1, 1_100_000)])
def test_a_pixel_key_is_the_hash_of_the_whole_picture(shape: tuple[int, ...]) -> None:
    picture = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    for seen in (picture, picture[:, ::-1]):
        whole = hashlib.blake2b(str(shape).encode() + seen.tobytes(), digest_size=16)
        assert pixel_keys([seen]) == [whole.digest()]
