from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mien.preprocess.network_input import network_input, normalise, resize, resize_crops
from mien.specs.classifier import ModelSpec

GREY = ModelSpec("grey", ("a", "b"), input_size=44, resize=48, mean=(0.5,), std=(0.25,))
RGB = ModelSpec(
    "rgb", ("a", "b"), input_size=32, channels=3, mean=(0.1, 0.2, 0.3), std=(0.5, 0.6, 0.7)
)


def test_normalises_by_the_formula() -> None:
    crop = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    x = network_input([crop], RGB)
    expected = (crop / 255 - np.array(RGB.mean)) / np.array(RGB.std)
    assert x.shape == (1, 3, 32, 32)
    assert x.dtype == np.float32
    assert x.flags.c_contiguous
    np.testing.assert_allclose(x[0], expected.transpose(2, 0, 1), atol=1e-5)


def test_cuts_the_centre_of_the_frame() -> None:
    crop = np.arange(48 * 48, dtype=np.int64).reshape(48, 48) % 256
    x = network_input([crop.astype(np.uint8)], GREY)
    expected = (crop[2:46, 2:46] / 255 - 0.5) / 0.25
    np.testing.assert_allclose(x[0, 0], expected, atol=1e-5)


def test_grey_is_the_luma_of_rec601() -> None:
    crop = np.random.default_rng(1).integers(0, 256, (48, 48, 3), np.uint8)
    luma = np.asarray(Image.fromarray(crop).convert("L"), int)  # Pillow uses the same standard
    assert np.abs(resize_crops([crop], GREY)[0, ..., 0].astype(int) - luma).max() <= 1


def test_colour_from_grey_repeats_it() -> None:
    crop = np.random.default_rng(2).integers(0, 256, (32, 32), np.uint8)
    assert (resize_crops([crop], RGB)[0] == crop[..., None]).all()


@pytest.mark.parametrize("factor", [2, 3, 5])
def test_shrinking_averages_areas(factor: int) -> None:
    """By a whole factor, area resizing is the mean of the block."""
    image = np.random.default_rng(3).integers(0, 256, (48 * factor, 48 * factor), np.uint8)
    blocks = image.reshape(48, factor, 48, factor).mean(axis=(1, 3))
    assert np.abs(resize(image, 48) - blocks).max() <= 0.51


def test_a_picture_of_the_right_size_is_not_touched() -> None:
    image = np.zeros((48, 48), np.uint8)
    assert resize(image, 48) is image


def test_many_sizes_in_one_batch() -> None:
    crops = [np.full((side, side, 3), side, np.uint8) for side in (1, 20, 48, 200)]
    x = network_input(crops, GREY)
    assert x.shape == (4, 1, 44, 44)
    values = [side / 255 for side in (1, 20, 48, 200)]
    np.testing.assert_allclose(x.mean((1, 2, 3)), (np.array(values) - 0.5) / 0.25, atol=0.02)


def test_halves_make_the_whole() -> None:
    crops = [np.random.default_rng(4).integers(0, 256, (60, 60, 3), np.uint8)]
    assert np.array_equal(network_input(crops, GREY), normalise(resize_crops(crops, GREY), GREY))
