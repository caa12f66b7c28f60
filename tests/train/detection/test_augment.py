from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.media.images import read_image
from mien.preprocess.letterbox import PADDING, letterbox
from mien.samples import ASTRONAUT
from mien.train.detection.augment import random_view
from mien.train.detection.config import DetectorConfig

PLAIN = DetectorConfig(
    name="tiny", short_side=256, long_side=400, view=256, zoom=(1.0, 1.0), flip=False, colour=0.0,
    grey=0.0, min_face=8,
)  # fmt: skip
PAINT = np.array([0, 255, 0], np.uint8)


def painted(box: tuple[int, int, int, int]) -> np.ndarray:
    image = read_image(ASTRONAUT).copy()  # 512×512
    x1, y1, x2, y2 = box
    image[y1:y2, x1:x2] = PAINT
    return image


def found(image: np.ndarray) -> list[float]:
    """Where the paint is, to the pixel."""
    near = (np.abs(image.astype(int) - PAINT).max(axis=2) < 100).nonzero()
    return [near[1].min(), near[0].min(), near[1].max() + 1, near[0].max() + 1]


def arrays(*boxes: tuple[int, int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    return np.array(boxes, np.float32).reshape(-1, 4), np.zeros(len(boxes), bool)


def test_the_picture_as_in_use() -> None:
    image = read_image(ASTRONAUT)
    seen = random_view(image, *arrays((100, 50, 200, 180)), PLAIN, np.random.default_rng(0))
    expected, scale = letterbox(image, 256, 400)
    assert scale == 0.5
    assert np.array_equal(seen.image, expected)
    assert seen.boxes.tolist() == [[50, 25, 100, 90]]


@pytest.mark.parametrize("seed", range(12))
def test_boxes_follow_the_pixels(seed: int) -> None:
    """Zoomed, cropped, padded, mirrored: the box is where the paint is."""
    box = (180, 90, 290, 220)
    config = replace(PLAIN, zoom=(0.5, 1.7), flip=True)
    seen = random_view(painted(box), *arrays(box), config, np.random.default_rng(seed))
    assert seen.image.shape == (256, 256, 3)
    (inside,) = [*seen.boxes, *seen.ignored]
    assert inside == pytest.approx(found(seen.image), abs=1.6)


def test_what_the_picture_does_not_fill_is_grey() -> None:
    config = replace(PLAIN, zoom=(0.5, 0.5))
    seen = random_view(
        painted((0, 0, 512, 512)), *arrays((0, 0, 512, 512)), config, np.random.default_rng(3)
    )
    x1, y1, x2, y2 = found(seen.image)
    assert (x2 - x1, y2 - y1) == (128, 128)
    outside = np.ones((256, 256), bool)
    outside[y1:y2, x1:x2] = False
    assert (seen.image[outside] == PADDING).all()


def test_what_cannot_be_learned_from_is_ignored() -> None:
    image = read_image(ASTRONAUT)
    small, large, marked = (10, 10, 24, 24), (200, 60, 300, 190), (350, 350, 450, 480)
    boxes, _ = arrays(small, large, marked)  # small: 7 pixels in the view
    seen = random_view(
        image, boxes, np.array([False, False, True]), PLAIN, np.random.default_rng(0)
    )
    assert seen.boxes.tolist() == [[100, 30, 150, 95]]
    assert seen.ignored.tolist() == [[5, 5, 12, 12], [175, 175, 225, 240]]


def test_a_face_cut_in_two_is_ignored_and_one_outside_is_gone() -> None:
    image = read_image(ASTRONAUT)
    boxes, ignored = arrays((0, 0, 120, 120), (400, 400, 511, 511))
    config = replace(PLAIN, zoom=(4.0, 4.0))
    kinds = set()
    for seed in range(40):
        seen = random_view(image, boxes, ignored, config, np.random.default_rng(seed))
        assert len(seen.boxes) + len(seen.ignored) <= 1  # they are far apart at this zoom
        for kept in seen.boxes:  # 120 pixels become 240
            assert np.prod(kept[2:] - kept[:2]) >= 0.5 * 222**2
            kinds.add("kept")
        for cut in seen.ignored:
            assert np.prod(cut[2:] - cut[:2]) < 0.5 * 240**2
            kinds.add("cut")
    assert kinds == {"kept", "cut"}


def test_no_face_at_all() -> None:
    seen = random_view(read_image(ASTRONAUT), *arrays(), PLAIN, np.random.default_rng(0))
    assert seen.boxes.shape == seen.ignored.shape == (0, 4)


def test_colour_changes_within_bounds_and_grey_has_none() -> None:
    image, nobody = read_image(ASTRONAUT), arrays()
    grey = random_view(image, *nobody, replace(PLAIN, grey=1.0), np.random.default_rng(0)).image
    assert (grey.max(axis=2) == grey.min(axis=2)).all()
    plain = random_view(image, *nobody, PLAIN, np.random.default_rng(0)).image.mean()
    means = [
        random_view(
            image, *nobody, replace(PLAIN, colour=0.3), np.random.default_rng(s)
        ).image.mean()
        for s in range(20)
    ]
    assert min(means) < 0.9 * plain < 1.1 * plain < max(means)
    assert all(0.65 * plain < mean < 1.35 * plain for mean in means)


def test_the_same_draw_gives_the_same_view() -> None:
    image, nobody = read_image(ASTRONAUT), arrays((200, 60, 300, 190))
    config = replace(PLAIN, zoom=(0.5, 2.0), colour=0.2, flip=True)
    one, same, other = (
        random_view(image, *nobody, config, np.random.default_rng(s)).image for s in (5, 5, 6)
    )
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
