from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import mien
from mien.errors import InputError
from mien.media.images import read_image
from mien.sinks import DrawSink, annotate
from mien.types import Result
from tests.support.results import make_reading, make_result


def test_the_copy_keeps_the_stem_and_the_original(image: np.ndarray, tmp_path: Path) -> None:
    source = tmp_path / "holiday.png"
    Image.fromarray(image).save(source)
    before = source.read_bytes()
    with DrawSink(tmp_path / "out") as sink:
        sink.write(make_result(make_reading(), source=str(source)))  # reads the picture again
        sink.write(make_result(source="elsewhere/holiday.jpg"), image)
    names = sorted(p.name for p in (tmp_path / "out").iterdir())
    assert names == ["holiday.jpg", "holiday_2.jpg"]
    plain = read_image(tmp_path / "out" / "holiday_2.jpg").astype(int)
    assert plain.shape == image.shape
    assert source.read_bytes() == before


def test_real_photos(material: Path, tmp_path: Path) -> None:
    with DrawSink(tmp_path) as sink:
        for path in sorted((material / "photos").glob("*.jpg")):
            image = read_image(path)
            height, width = image.shape[:2]
            box = (width * 0.4, height * 0.2, width * 0.6, height * 0.4)
            result = Result((make_reading(box=box),), width, height, source=str(path))
            sink.write(result, image)
            drawn = read_image(tmp_path / path.name)
            assert drawn.shape == image.shape
            changed = (np.abs(drawn.astype(int) - image).max(axis=2) > 60).mean()
            assert 0.0005 < changed < 0.05


def test_draw_takes_any_source_of_the_analysed_picture(image: np.ndarray, tmp_path: Path) -> None:
    result, path = make_result(make_reading()), tmp_path / "p.png"
    Image.fromarray(image).save(path)
    drawn = mien.draw(image, result)
    np.testing.assert_array_equal(drawn, annotate(image, result))
    np.testing.assert_array_equal(mien.draw(path, result), drawn)
    np.testing.assert_array_equal(np.asarray(result.draw(path)), drawn)
    assert drawn.dtype == np.uint8 and drawn.shape == (320, 400, 3)  # enlarged four times
    assert mien.draw(image, result, min_side=0).shape == image.shape
    with pytest.raises(InputError, match="give the analysed image"):
        mien.draw(image[1:], result)
