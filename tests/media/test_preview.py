from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from mien.media.preview import read_preview, shrink


def test_shrink_keeps_the_shape_and_the_mean() -> None:
    image = np.random.default_rng(0).integers(0, 256, (90, 300, 3), np.uint8)
    small = shrink(image, 30)
    assert small.shape == (9, 30, 3) and abs(small.mean() - image.mean()) < 1
    assert shrink(image, 300) is image
    assert shrink(image[:1], 10).shape == (1, 10, 3)


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_large_jpeg_is_upright_and_of_the_side(tmp_path: Path, orientation: int) -> None:
    picture = PIL.Image.fromarray(np.repeat(np.arange(256, dtype=np.uint8)[None], 900, 0))
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    picture.resize((1600, 900)).save(tmp_path / "p.jpg", exif=exif)
    size = (1600, 900) if orientation == 1 else (900, 1600)
    small = read_preview(tmp_path / "p.jpg", 160, size)
    assert small is not None
    assert small.shape == ((90, 160, 3) if orientation == 1 else (160, 90, 3))
    means = small.mean(axis=(0 if orientation == 1 else 1, 2))  # dark to bright
    assert np.abs(means - np.linspace(0, 255, 160)).max() < 6
    assert read_preview(tmp_path / "p.jpg", 160, (9, 9)) is None
