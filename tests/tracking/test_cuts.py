from __future__ import annotations

import numpy as np
import pytest

from mien.tracking.cuts import SceneCuts
from tests.support import sample


def photos() -> list[np.ndarray]:
    """The three portraits, in one size."""
    return [np.asarray(sample.photo(name).resize((320, 240))) for name in sample.NAMES]


def test_another_picture_is_a_cut() -> None:
    cuts = SceneCuts()
    one, other, _ = photos()
    assert [cuts.is_cut(image) for image in (one, one, other, one, one)] == [
        False, False, True, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize("number", range(3))
def test_a_camera_that_pans_or_grows_brighter_is_none(number: int) -> None:
    image = photos()[number]
    cuts = SceneCuts()
    brighter = (image * 1.1).clip(0, 255).astype(np.uint8)
    assert not any(cuts.is_cut(one) for one in (image[:, :290], image[:, 30:], image, brighter))


def test_another_size_of_the_same_picture_is_none() -> None:
    large, small = sample.photo("biden.jpg"), sample.photo("biden.jpg").resize((200, 150))
    cuts = SceneCuts()
    assert not cuts.is_cut(np.asarray(large)) and not cuts.is_cut(np.asarray(small))


def test_a_picture_of_a_pixel() -> None:
    cuts = SceneCuts()
    assert not cuts.is_cut(np.zeros((1, 1, 3), np.uint8))
    assert not cuts.is_cut(np.zeros((1, 1, 3), np.uint8))


def test_real_cuts(shared) -> None:  # type: ignore[no-untyped-def]
    """A clip in which somebody is seen, and then an empty scene."""
    import cv2

    video = cv2.VideoCapture(str(shared / "clips/face_noface.mov"))
    cuts, found = SceneCuts(), []
    while len(found) < 80:
        good, frame = video.read()
        assert good
        found.append(cuts.is_cut(np.asarray(frame, np.uint8)))
    at = [index for index, cut in enumerate(found) if cut]
    assert at == [72, 73], "the two scenes are mixed in frame 72"
