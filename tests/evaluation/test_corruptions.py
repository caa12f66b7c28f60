"""Each corruption against the formula in its docstring, on a real face and on flat greys."""

from __future__ import annotations

import colorsys
import io
from itertools import pairwise

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mien.errors import InputError
from mien.evaluation.corruptions import CORRUPTIONS, STRENGTHS, corrupted
from mien.media.images import read_image
from mien.samples import ASTRONAUT

Pixels = NDArray[np.uint8]
FACE = read_image(ASTRONAUT)[61:171, 168:278]  # 110×110, RGB
GREY = cv2.cvtColor(FACE, cv2.COLOR_RGB2GRAY)
SMALL = cv2.resize(GREY, (48, 48), interpolation=cv2.INTER_AREA)
FLAT = np.full((240, 192, 3), 128, np.uint8)


def apply(kind: str, image: Pixels, strength: int, seed: int = 0) -> Pixels:
    return CORRUPTIONS[kind].apply(image, strength, np.random.default_rng(seed))


def level(kind: str, strength: int) -> float:
    return CORRUPTIONS[kind].levels[strength - 1]


@pytest.mark.parametrize("kind", CORRUPTIONS)
@pytest.mark.parametrize(
    "image", [SMALL, FACE, GREY[:90], FACE[:1, :1], np.zeros((7, 3), np.uint8), SMALL[:, ::2]],
    ids=["grey", "colour", "wide", "pixel", "black", "strided"],
)  # fmt: skip
def test_any_picture_keeps_its_shape_and_is_not_changed_in_place(kind: str, image: Pixels) -> None:
    before = image.copy()
    for strength in STRENGTHS:
        found = apply(kind, image, strength)
        assert found.shape == image.shape and found.dtype == np.uint8
        assert np.array_equal(found, apply(kind, image, strength))  # depends on the generator alone
        assert not np.shares_memory(found, image)
    assert np.array_equal(image, before)


@pytest.mark.parametrize("kind", CORRUPTIONS)
@pytest.mark.parametrize("strength", [0, 6, 2.5])
def test_other_strengths_are_refused(kind: str, strength: int) -> None:
    with pytest.raises(InputError, match="strength must be 1 to 5, got"):
        apply(kind, SMALL, strength)


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_a_higher_strength_spoils_more(kind: str) -> None:
    distances = [
        np.mean([np.abs(apply(kind, SMALL, s, seed).astype(float) - SMALL).mean()
                 for seed in range(20)])
        for s in STRENGTHS
    ]  # fmt: skip
    assert distances == sorted(distances) and distances[0] > 0.5


@pytest.mark.parametrize("strength", STRENGTHS)
def test_brightness_shifts_the_mean_by_its_level_to_either_side(strength: int) -> None:
    shifts = {
        float(apply("brightness", image, strength, seed).mean()) - 128
        for seed in range(20)
        for image in (FLAT, FLAT[..., 0])
    }
    step = 255 * level("brightness", strength)
    assert len(shifts) == 2 and sorted(shifts) == pytest.approx([-step, step], abs=0.51)


def test_brightness_changes_the_value_of_hsv_and_neither_hue_nor_saturation() -> None:
    pixel = np.array([[[200, 90, 40]]], np.uint8)
    h, s, v = colorsys.rgb_to_hsv(*(pixel[0, 0] / 255))
    for seed in range(4):
        found = colorsys.rgb_to_hsv(*(apply("brightness", pixel, 1, seed)[0, 0] / 255))
        assert abs(found[2] - v) == pytest.approx(0.1, abs=0.003)
        assert found[:2] == pytest.approx((h, s), abs=0.01)


@pytest.mark.parametrize("strength", STRENGTHS)
def test_contrast_keeps_the_mean_and_multiplies_the_deviation(strength: int) -> None:
    found = apply("contrast", FACE, strength)
    factor = level("contrast", strength)
    for colour in range(3):
        assert found[..., colour].mean() == pytest.approx(FACE[..., colour].mean(), abs=0.3)
        assert found[..., colour].std() == pytest.approx(factor * FACE[..., colour].std(), abs=0.3)


@pytest.mark.parametrize("strength", STRENGTHS)
@pytest.mark.parametrize("side", [48, 110])
def test_blur_is_scipy_s_gaussian_of_its_share_of_the_side(strength: int, side: int) -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    image = cv2.resize(GREY, (side, side), interpolation=cv2.INTER_AREA)
    sigma = level("blur", strength) * side
    expected = ndimage.gaussian_filter(image.astype(float), sigma, mode="mirror", truncate=4)
    assert np.abs(apply("blur", image, strength) - expected).max() < 2.5


@pytest.mark.parametrize("strength", STRENGTHS)
@pytest.mark.parametrize("side", [48, 240])
def test_noise_has_its_deviation_also_after_shrinking(strength: int, side: int) -> None:
    flat = np.full((side, side), 128, np.uint8)
    found = np.stack([apply("noise", flat, strength, seed) for seed in range(8)])
    sigma = 255 * level("noise", strength)
    assert found.mean() == pytest.approx(128, abs=sigma / 20)
    assert found.std() == pytest.approx(sigma, rel=0.05)
    shrunk = [cv2.resize(each, (48, 48), interpolation=cv2.INTER_AREA) for each in found]
    assert np.std(shrunk) == pytest.approx(sigma, rel=0.05)


def test_noise_differs_between_pixels_and_colours() -> None:
    found = apply("noise", np.full((48, 48, 3), 128, np.uint8), 3).reshape(-1, 3).astype(float)
    assert np.abs(np.corrcoef(found.T) - np.eye(3)).max() < 0.1


@pytest.mark.parametrize("strength", STRENGTHS)
@pytest.mark.parametrize("image", [SMALL, FACE], ids=["grey", "colour"])
def test_jpeg_is_what_pillow_makes_of_the_same_quality(strength: int, image: Pixels) -> None:
    content = io.BytesIO()
    Image.fromarray(image).save(content, "JPEG", quality=int(level("jpeg", strength)))
    with Image.open(content) as picture:
        expected = np.asarray(picture).astype(float)
    found = apply("jpeg", image, strength)
    assert np.abs(found - expected).mean() < 1.5
    assert np.abs(found - expected).mean() < 0.3 * np.abs(found.astype(float) - image).mean()


@pytest.mark.parametrize("strength", STRENGTHS)
def test_resolution_leaves_the_detail_of_its_pixels(strength: int) -> None:
    image = GREY[:90]  # 90 high, 110 wide
    pixels = int(level("resolution", strength))
    small = (round(110 * pixels / 90), pixels)
    by_area = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
    expected = np.asarray(Image.fromarray(by_area).resize((110, 90), Image.Resampling.BILINEAR))
    assert np.abs(apply("resolution", image, strength) - expected.astype(float)).max() < 2


def test_resolution_leaves_a_smaller_picture_alone() -> None:
    tiny = SMALL[:10, :10]
    assert np.array_equal(apply("resolution", tiny, 5), tiny)


@pytest.mark.parametrize("strength", STRENGTHS)
def test_rotation_turns_by_its_angle_to_either_side(strength: int) -> None:
    angle = level("rotation", strength)
    image = Image.fromarray(GREY)
    both = [np.asarray(image.rotate(turn, Image.Resampling.BILINEAR)) for turn in (angle, -angle)]
    rows, columns = np.mgrid[:110, :110] - 54.5
    inside = np.hypot(rows, columns) < 50  # no corner of either comes from outside
    sides = set()
    for seed in range(10):
        found = apply("rotation", GREY, strength, seed).astype(float)
        errors = [np.abs(found - each)[inside].mean() for each in both]
        assert min(errors) < 2 < max(errors)
        sides.add(int(np.argmin(errors)))
    assert sides == {0, 1}


@pytest.mark.parametrize("strength", STRENGTHS)
def test_occlusion_hides_its_share_of_the_area_in_one_colour(strength: int) -> None:
    shares, places = [], set()
    for seed in range(12):
        found = apply("occlusion", FACE, strength, seed)
        changed = (found != FACE).any(axis=2)
        rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
        block = found[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        assert len(np.unique(block.reshape(-1, 3), axis=0)) == 1
        shares.append(block.shape[0] * block.shape[1] / changed.size)
        places.add((rows[0], columns[0]))
    assert np.mean(shares) == pytest.approx(level("occlusion", strength), rel=0.08)
    assert len(places) > 6


@pytest.mark.parametrize("kind", ["blur", "noise", "resolution", "rotation", "occlusion"])
def test_a_crop_and_its_enlargement_are_spoiled_alike(kind: str) -> None:
    large = cv2.resize(SMALL, (240, 240), interpolation=cv2.INTER_NEAREST)
    for strength in STRENGTHS:
        shrunk = cv2.resize(
            apply(kind, large, strength), (48, 48), interpolation=cv2.INTER_AREA
        ).astype(float)
        error = np.abs(shrunk - apply(kind, SMALL, strength)).mean()
        spoiled = np.abs(shrunk - SMALL).mean()
        assert error < max(0.5 * spoiled, 2), (kind, strength, error, spoiled)


def test_all_of_a_picture_come_in_order_and_depend_on_identity_and_seed() -> None:
    found = list(corrupted(SMALL, b"a"))
    assert len(found) == len(CORRUPTIONS) * len(STRENGTHS)
    again, other, seeded = (
        list(corrupted(SMALL, identity, seed))
        for identity, seed in ((b"a", 0), (b"b", 0), (b"a", 1))
    )

    def same(others: list[Pixels], kind: str) -> bool:
        start = len(STRENGTHS) * list(CORRUPTIONS).index(kind)
        part = slice(start, start + len(STRENGTHS))
        return all(map(np.array_equal, found[part], others[part]))

    for kind in CORRUPTIONS:
        assert same(again, kind)
        drawn = kind in ("noise", "occlusion")  # the others draw one side of two, or nothing
        assert not (drawn and same(other, kind)) and not (drawn and same(seeded, kind))
        if kind in ("contrast", "blur", "jpeg", "resolution"):
            assert same(other, kind)


@pytest.mark.parametrize("kind", ["brightness", "rotation", "occlusion"])
def test_a_stronger_one_hits_the_same_place(kind: str) -> None:
    start = len(STRENGTHS) * list(CORRUPTIONS).index(kind)
    for identity in (b"a", b"b", b"c", b"d"):
        found = list(corrupted(FACE, identity))[start : start + len(STRENGTHS)]
        moved = [each.astype(float) - FACE for each in found]
        for weak, strong in pairwise(moved):
            if kind == "occlusion":
                hidden = (weak != 0).any(axis=2)
                assert (strong != 0).any(axis=2)[hidden].mean() > 0.7
            else:
                assert (weak * strong).mean() > 0


def test_every_kind_says_its_unit_and_levels() -> None:
    for corruption in CORRUPTIONS.values():
        assert corruption.unit and len(corruption.levels) == len(STRENGTHS)
        steps = np.sign(np.diff(corruption.levels))
        assert abs(steps.sum()) == len(STRENGTHS) - 1  # all up or all down
