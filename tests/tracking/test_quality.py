from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from mien.detectors.load import load_detector
from mien.tracking import quality as limits
from mien.tracking.quality import Quality, pose, quality
from mien.types import Box, Face
from tests.support import sample


@pytest.fixture(scope="module")
def portraits() -> dict[str, tuple[np.ndarray, Face]]:
    """Each portrait, and its face as YuNet finds it."""
    detector, found = load_detector("yunet"), {}
    for name in sample.NAMES:
        image = np.asarray(sample.photo(name))
        found[name] = image, max(detector.detect(image), key=lambda face: face.box.area)
    return found


def head(yaw: float, roll: float, pitch: float = 0.0) -> Face:
    """A head of eyes, nose and mouth corners in space, turned and seen from far away (degrees)."""
    points = np.array(
        [(-1, -1, 0), (1, -1, 0), (0, 0.1, 2 * limits.NOSE), (-0.8, 1, 0.3), (0.8, 1, 0.3)]
    )
    a, b, c = np.radians([yaw, pitch, roll])
    turn = np.array([[math.cos(a), 0, math.sin(a)], [0, 1, 0], [-math.sin(a), 0, math.cos(a)]])
    nod = np.array([[1, 0, 0], [0, math.cos(b), -math.sin(b)], [0, math.sin(b), math.cos(b)]])
    tilt = np.array([[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]])
    seen = points @ (tilt @ nod @ turn).T
    return Face(Box(0, 0, 100, 100), 1.0, tuple((float(x), float(y)) for x, y in seen[:, :2] * 30))


@pytest.mark.parametrize("yaw", [-50, -20, 0, 35])
@pytest.mark.parametrize("roll", [-30, 0, 15])
def test_the_pose_of_a_head_in_space(yaw: float, roll: float) -> None:
    assert pose(head(yaw, roll)) == pytest.approx((yaw, roll))


def test_a_nod_changes_little() -> None:
    for pitch in (-10, 10):
        yaw, roll = pose(head(25, 0, pitch))
        assert yaw == pytest.approx(25, abs=7) and roll == pytest.approx(0, abs=7)


def test_a_mirror_turns_the_yaw(portraits: dict[str, tuple[np.ndarray, Face]]) -> None:
    detector = load_detector("yunet")
    for name, (image, face) in portraits.items():
        mirrored = np.ascontiguousarray(image[:, ::-1])
        other = max(detector.detect(mirrored), key=lambda face: face.box.area)
        own, turned = pose(face), pose(other)
        assert np.add(own, turned) == pytest.approx((0, 0), abs=6), name
        assert abs(own[0]) < limits.MOST_YAW


def test_portraits_are_usable(portraits: dict[str, tuple[np.ndarray, Face]]) -> None:
    for image, face in portraits.values():
        found = quality(image, face)
        assert found.usable and found.reasons == ()
        assert found.size == pytest.approx(math.sqrt(face.box.area))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda image: cv2.GaussianBlur(image, (0, 0), 12), "blurred"),
        (lambda image: (image * 0.02).astype(np.uint8), "dark"),
        (lambda image: (image.astype(float) * 6).clip(0, 255).astype(np.uint8), "bright"),
    ],
)
def test_what_spoils_a_portrait(change, reason, portraits) -> None:  # type: ignore[no-untyped-def]
    for image, face in portraits.values():
        found = quality(change(image), face)
        assert reason in found.reasons and not found.usable


def test_sharpness_falls_with_blur_and_not_with_contrast(portraits) -> None:  # type: ignore[no-untyped-def]
    for image, face in portraits.values():
        blurred = [
            quality(cv2.GaussianBlur(image, (0, 0), s), face).sharpness for s in (1, 3, 6, 9)
        ]
        assert blurred == sorted(blurred, reverse=True)
        pale = (image * 0.5 + 64).astype(np.uint8)
        own = quality(image, face).sharpness
        assert quality(pale, face).sharpness == pytest.approx(own, rel=0.1)


@pytest.mark.parametrize(
    ("values", "reasons"),
    [
        ((10, 1, 0.5, 0, 0), ("small",)),
        ((99, 1, 0.5, -60, 0), ("turned",)),
        ((99, 1, 0.5, 0, -45), ("tilted",)),
        ((10, 0, 0.9, 60, 45), ("small", "blurred", "bright", "turned", "tilted")),
        ((99, 1, 0.5, None, None), ()),
    ],
)
def test_reasons(values: tuple[float, ...], reasons: tuple[str, ...]) -> None:
    assert Quality(*values).reasons == reasons
    assert Quality(*values).usable == (not reasons)


def test_a_face_outside_the_picture() -> None:
    found = quality(np.full((50, 50, 3), 99, np.uint8), Face(Box(60, 60, 90, 90)))
    assert (found.sharpness, found.brightness, found.yaw, found.roll) == (0, 0, None, None)
    assert not found.usable


def test_both_eyes_at_one_place() -> None:
    assert pose(Face(Box(0, 0, 9, 9), 1.0, ((1, 1), (1, 1), (2, 2), (1, 3), (2, 3)))) == (90, 0)
