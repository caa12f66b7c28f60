from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image

from mien.drawing.at_hand import preview, whole_picture
from mien.samples import ASTRONAUT


def test_a_file_is_read_if_it_has_the_size() -> None:
    image = whole_picture(None, str(ASTRONAUT), (512, 512))
    assert image is not None and image.shape == (512, 512, 3)
    assert whole_picture(None, str(ASTRONAUT), (512, 511)) is None
    assert whole_picture(None, "nowhere.jpg", (512, 512)) is None
    assert whole_picture(None, None, (1, 1)) is None
    assert whole_picture(None, "\0", (1, 1)) is None


def test_what_is_remembered_comes_first() -> None:
    array = np.zeros((4, 5), np.uint8)
    image = whole_picture(array, str(ASTRONAUT), (5, 4))
    assert image is not None and not image.any()
    assert whole_picture(array, str(ASTRONAUT), (512, 512)) is None


def test_a_preview_is_the_picture_in_small(tmp_path: Path) -> None:
    small = preview(None, str(ASTRONAUT), (512, 512), 100)
    whole = np.asarray(PIL.Image.open(ASTRONAUT).convert("RGB").resize((100, 100)))
    assert small is not None and small.shape == (100, 100, 3)
    assert np.abs(small.astype(int) - whole).mean() < 3
    assert preview(None, str(ASTRONAUT), (511, 512), 100) is None
    assert preview(None, str(tmp_path), (512, 512), 100) is None
    path = tmp_path / "grey.png"
    PIL.Image.new("L", (30, 20)).save(path)
    grey = preview(None, str(path), (30, 20), 100)
    assert grey is not None and grey.shape == (20, 30, 3)
    assert preview(np.zeros((30, 60, 3), np.uint8), None, (60, 30), 6).shape == (3, 6, 3)
