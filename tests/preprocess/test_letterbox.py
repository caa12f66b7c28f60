from __future__ import annotations

import numpy as np
import pytest

from mien.preprocess.letterbox import PADDING, letterbox


@pytest.mark.parametrize(
    ("size", "filled", "scale"),
    [
        ((480, 640), (320, 448), 2 / 3),  # by the shorter side: 320 × 427
        ((640, 480), (448, 320), 2 / 3),
        ((400, 1600), (160, 640), 0.4),  # by the longer side: 160 × 640
        ((100, 100), (320, 320), 3.2),
        ((1, 5000), (32, 640), 640 / 5000),
    ],
)
def test_sides(size: tuple[int, int], filled: tuple[int, int], scale: float) -> None:
    out, factor = letterbox(np.zeros((*size, 3), np.uint8), 320, 640)
    assert out.shape == (*filled, 3) and out.dtype == np.uint8
    assert factor == pytest.approx(scale)


def test_the_picture_lies_top_left_and_the_rest_is_grey() -> None:
    image = np.random.default_rng(0).integers(0, 256, (50, 70, 3), np.uint8)
    out, factor = letterbox(image, 50, 100)
    assert factor == 1
    assert np.array_equal(out[:50, :70], image)
    assert (out[50:] == PADDING).all() and (out[:, 70:] == PADDING).all()


def test_shrinking_averages_and_keeps_colours_apart() -> None:
    image = np.zeros((8, 8, 3), np.uint8)
    image[::2, ::2] = (200, 100, 40)
    out, factor = letterbox(image, 4, 4, stride=4)
    assert factor == 0.5
    assert (out == (50, 25, 10)).all()


def test_a_side_that_fits_is_not_filled() -> None:
    assert letterbox(np.zeros((64, 96, 3), np.uint8), 64, 96)[0].shape == (64, 96, 3)
    assert letterbox(np.zeros((64, 97, 3), np.uint8), 64, 97)[0].shape == (64, 128, 3)
    assert letterbox(np.zeros((64, 97, 3), np.uint8), 64, 97, stride=1)[0].shape == (64, 97, 3)
