from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from mien.preprocess.crop import MAX_SIDE, face_crop, square, square_around
from mien.specs.classifier import ModelSpec
from mien.types import Box, Face


def spec(**framing: object) -> ModelSpec:
    return ModelSpec("test", ("a", "b"), input_size=44, **framing)  # type: ignore[arg-type]


def gradient(height: int, width: int) -> np.ndarray:
    """Every pixel knows where it is: red = column, green = row."""
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0] = np.arange(width)[None]
    image[..., 1] = np.arange(height)[:, None]
    return image


def test_square_around_the_centre_of_the_longer_side() -> None:
    image = gradient(100, 120)
    crop = face_crop(image, Face(Box(40, 20, 60, 60)), spec())
    assert crop.shape == (40, 40, 3)
    # Centre (50, 40): columns 30 to 69, rows 20 to 59.
    assert crop[0, 0, :2].tolist() == [30, 20]
    assert crop[-1, -1, :2].tolist() == [69, 59]


def test_margin_and_offset_are_in_box_sides() -> None:
    image = gradient(200, 200)
    face = Face(Box(80, 80, 120, 120))
    crop = face_crop(image, face, spec(margin=0.5, offset=(0.1, -0.2)))
    # Side 60 about (100 + 4, 100 - 8).
    assert crop.shape == (60, 60, 3)
    assert crop[0, 0, :2].tolist() == [74, 62]


def test_inside_the_image_it_is_a_view() -> None:
    image = gradient(100, 100)
    crop = face_crop(image, Face(Box(10, 10, 50, 50)), spec())
    assert np.shares_memory(crop, image)


@pytest.mark.parametrize("margin", [0.0, 0.37])
@pytest.mark.parametrize(
    "box",
    [
        Box(-20, -10, 30, 40), Box(80, 70, 140, 130), Box(-30, 20, 150, 60),
        Box(-90, -90, -40, -40), Box(300, 10, 340, 50), Box(40, -500, 60, -480),
    ],
)  # fmt: skip
def test_outside_repeats_the_border(box: Box, margin: float) -> None:
    image = gradient(100, 110)
    face = Face(box)
    crop = face_crop(image, face, spec(margin=margin))
    pad = 700
    padded = cv2.copyMakeBorder(image, *[pad] * 4, borderType=cv2.BORDER_REPLICATE)
    moved = Face(Box(*(v + pad for v in box.to_list())))
    assert np.array_equal(crop, face_crop(padded, moved, spec(margin=margin)))


def test_a_face_of_less_than_a_pixel() -> None:
    assert face_crop(gradient(5, 5), Face(Box(2, 2, 2.1, 2.1)), spec()).shape == (1, 1, 3)


@pytest.mark.parametrize("shape", [(1, 1_000_000, 3), (100_000, 2, 3)])
@pytest.mark.parametrize("turn", [False, True])
def test_a_long_picture_taken_for_one_face(shape: tuple[int, int, int], turn: bool) -> None:
    """Squared as it is, the longer one would take 3 terabytes."""
    height, width = shape[:2]
    points = ((1.0, 0.0), (9.0, 3.0), (5.0, 5.0), (1.0, 9.0), (9.0, 9.0))
    face = Face(Box(0, 0, width, height), landmarks=points)
    crop = face_crop(np.full(shape, 9, np.uint8), face, spec(align=turn))
    assert crop.shape[0] == crop.shape[1] <= MAX_SIDE
    assert (crop == 9).all()


def test_a_large_face_inside_its_picture_is_a_view() -> None:
    image = np.zeros((2000, 1800, 3), np.uint8)
    crop = face_crop(image, Face(Box(100, 100, 1700, 1700)), spec())
    assert crop.shape == (1600, 1600, 3)
    assert np.shares_memory(crop, image)


@pytest.mark.parametrize("side", [1504, 4000])
def test_a_large_face_at_the_border_is_shrunk_by_area(side: int) -> None:
    small = np.random.default_rng(0).integers(0, 256, (2, 4, 3), np.uint8)
    block = side // 4
    image = np.kron(small, np.ones((block, block, 1), np.uint8))  # half as high as wide
    crop = face_crop(image, Face(Box(0, 0, side, side / 2)), spec())
    assert crop.shape == (MAX_SIDE, MAX_SIDE, 3)
    centres = crop[MAX_SIDE // 8 :: MAX_SIDE // 4, MAX_SIDE // 8 :: MAX_SIDE // 4]
    assert np.array_equal(centres, small[[0, 0, 1, 1]])


# --- crops that are not square


@pytest.mark.parametrize("shape", [(40, 30), (30, 41, 3), (1, 9, 3), (1500, 900, 3), (7, 7)])
def test_square_is_the_face_crop_of_the_whole_picture(shape: tuple[int, ...]) -> None:
    picture = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    height, width = shape[:2]
    cut = face_crop(picture, Face(Box(0, 0, width, height)), spec())
    assert np.array_equal(square(picture), cut)
    assert cut.shape[0] == cut.shape[1] == min(max(height, width), MAX_SIDE)


def test_square_repeats_the_border_on_both_sides() -> None:
    picture = np.arange(1, 7, dtype=np.uint8).reshape(3, 2)
    expected = np.pad(picture, ((0, 0), (0, 1)), mode="edge")  # the odd column is on the right
    assert np.array_equal(square(picture), expected)
    wide = np.arange(10, dtype=np.uint8).reshape(2, 5)
    assert np.array_equal(square(wide), np.pad(wide, ((2, 1), (0, 0)), mode="edge"))


def test_a_square_is_not_touched() -> None:
    picture = np.zeros((1500, 1500), np.uint8)
    assert square(picture) is picture or np.shares_memory(square(picture), picture)


@pytest.mark.parametrize("shape", [(40, 30), (30, 41), (9, 9), (1, 6)])
def test_square_around_finds_the_picture_in_its_square(shape: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    left, top, side = square_around(*shape)
    whole = square(picture)
    assert whole.shape == (side, side)
    assert np.array_equal(whole[-top : shape[0] - top, -left : shape[1] - left], picture)


def test_one_pixel_image() -> None:
    crop = face_crop(np.full((1, 1, 3), 7, np.uint8), Face(Box(0, 0, 10, 10)), spec())
    assert crop.shape == (10, 10, 3)
    assert (crop == 7).all()


@pytest.mark.parametrize("degrees", [-30, 12, 45])
def test_alignment_undoes_a_turn(degrees: float) -> None:
    """A smooth picture turned by OpenCV about the face's centre comes back upright."""
    rng = np.random.default_rng(0)
    small = rng.integers(0, 255, (12, 12, 3), np.uint8)
    image = cv2.GaussianBlur(
        cv2.resize(small, (241, 241), interpolation=cv2.INTER_CUBIC), (0, 0), 5
    )
    centre = (120.0, 120.0)
    turn = cv2.getRotationMatrix2D(centre, -degrees, 1)  # OpenCV counts the other way round
    turned = cv2.warpAffine(image, turn, (241, 241), borderMode=cv2.BORDER_REPLICATE)
    eyes = np.array([[100, 110], [140, 110], [120, 125], [105, 140], [135, 140]], float)
    points = eyes @ turn[:, :2].T + turn[:, 2]
    # Pixel centres of OpenCV lie at whole numbers, those of a box at halves.
    box = Box(70.5, 70.5, 170.5, 170.5)
    face = Face(box, landmarks=tuple(map(tuple, points)))
    upright = face_crop(image, Face(box), spec()).astype(float)
    crop = face_crop(turned, face, spec(align=True)).astype(float)
    assert crop.shape == upright.shape == (100, 100, 3)
    unaligned = face_crop(turned, face, spec()).astype(float)
    assert np.abs(crop - upright).mean() < 4
    assert np.abs(crop - upright).mean() < np.abs(unaligned - upright).mean() / 5


def test_offset_turns_with_the_face() -> None:
    image = gradient(250, 250)
    # Eyes one above the other: the face lies on its side, turned clockwise by 90 degrees.
    points = ((130, 100), (130, 140), (120, 120), (110, 100), (110, 140))
    face = Face(Box(100, 100, 140, 140), landmarks=tuple((float(x), float(y)) for x, y in points))
    crop = face_crop(image, face, spec(align=True, offset=(0.0, 0.25)))
    # "Down" for the face is to the left of the image: the centre moves from 120 to 110.
    assert math.isclose(crop[..., 0].mean(), 109.5, abs_tol=0.6)
    assert math.isclose(crop[..., 1].mean(), 119.5, abs_tol=0.6)
