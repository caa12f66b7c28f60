from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mien.detectors.mtcnn.pyramid import REMAP_LIMIT, ExactPyramid, FastPyramid, Pyramid
from mien.media.images import read_image
from mien.samples import ASTRONAUT


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return np.ascontiguousarray(read_image(ASTRONAUT))  # (512, 512, 3)


@pytest.mark.parametrize("kind", [FastPyramid, ExactPyramid])
@pytest.mark.parametrize("scale", [0.9, 0.5, 0.3, 0.1])
def test_levels_are_the_picture_made_smaller(
    photo: np.ndarray, kind: type[Pyramid], scale: float
) -> None:
    image = np.ascontiguousarray(photo[:, :384])
    levels = list(kind(image).levels(scale, 0.7, 12))
    assert min(levels[-1][0].shape[:2]) >= 12 > min(levels[-1][0].shape[:2]) * 0.7 - 1
    for i, (level, _) in enumerate(levels):
        height, width = int(512 * scale * 0.7**i), int(384 * scale * 0.7**i)
        assert level.shape == (height, width, 3)
        expected = Image.fromarray(image).resize((width, height), Image.Resampling.BOX)
        assert np.abs(level - np.asarray(expected, np.float32)).mean() < 8


def test_a_levels_scale_says_where_in_the_picture_its_pixels_lie() -> None:
    """A white corner of 64 × 32 pixels ends where the scale says, whatever is rounded."""
    image = np.zeros((511, 767, 3), np.uint8)
    image[:32, :64] = 255
    for level, (x, y) in FastPyramid(image).levels(0.31, 0.709, 12):
        white = level[..., 0].sum() / 255  # pixels
        assert white == pytest.approx(64 * x * 32 * y, rel=0.01)


def test_small_boxes_give_the_exact_patches(photo: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    corner, side = rng.uniform(-20, 500, (40, 2)), rng.uniform(12, 47, (40, 1))
    boxes = np.concatenate([corner, corner + side], axis=1)
    fast, exact = (kind(photo).patches(boxes, 24) for kind in (FastPyramid, ExactPyramid))
    assert fast.shape == exact.shape == (40, 24, 24, 3)
    assert fast.dtype == np.uint8 and exact.dtype == np.float32
    assert np.abs(fast - exact).mean() < 0.5
    assert np.quantile(np.abs(fast - exact), 0.999) < 5


def test_large_boxes_give_averaged_patches(photo: np.ndarray) -> None:
    """Read from single pixels, a fine pattern would come out black or white."""
    stripes = np.zeros((600, 600, 3), np.uint8)
    stripes[:, ::2] = 255
    boxes = np.array([[40.0, 50.0, 540.0, 550.0]])
    assert np.abs(FastPyramid(stripes).patches(boxes, 24) - 127.5).max() < 2
    box = (16, 16, 496, 496)
    expected = Image.fromarray(photo).resize((24, 24), Image.Resampling.BOX, box)
    found = FastPyramid(photo).patches(np.array([box], float), 24)[0]
    # The reference's patches reach from the centre of the first pixel to that of the last.
    assert np.corrcoef(found.ravel(), np.asarray(expected).ravel())[0, 1] > 0.95


@pytest.mark.parametrize("kind", [FastPyramid, ExactPyramid])
def test_beyond_the_border_is_grey(photo: np.ndarray, kind: type[Pyramid]) -> None:
    boxes = np.array([[-40, 100, 8, 148], [600, 600, 648, 648], [-300, -300, 900, 900]], float)
    first, far, around = kind(photo).patches(boxes, 24).astype(float)
    assert np.abs(first[:, :20] - 127.5).max() <= 0.5 < np.abs(first[:, 20:] - 127.5).max()
    assert np.abs(far - 127.5).max() <= 0.5
    assert np.abs(around[[0, -1]] - 127.5).max() <= 0.5 < around[8:16, 8:16].std()


def test_pictures_too_long_for_opencv_give_patches_too() -> None:
    image = np.zeros((30, REMAP_LIMIT + 10, 3), np.uint8)
    image[:, -20:] = 200
    box = np.array([[REMAP_LIMIT - 5, 5, REMAP_LIMIT + 5, 15]], float)
    assert (FastPyramid(image).patches(box, 24) == 200).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (23, 40)])
def test_small_pictures_have_no_level_below_the_least(shape: tuple[int, int]) -> None:
    picture = FastPyramid(np.zeros((*shape, 3), np.uint8))
    assert all(min(level.shape[:2]) >= 12 for level, _ in picture.levels(1.0, 0.7, 12))
    assert picture.patches(np.zeros((0, 4)), 24).shape == (0, 24, 24, 3)
