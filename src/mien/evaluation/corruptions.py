"""What spoils a face crop in practice, in eight kinds of five strengths each.

After Hendrycks and Dietterich (2019), "Benchmarking neural network robustness to common corruptions
and perturbations", arXiv:1903.12261, whose strengths are for 224 pixels (ImageNet-C) and for 32
(CIFAR-10-C). Here lengths are shares of the picture's shorter side, so that a kind does the same to
a crop of 48 pixels and to the same crop in 300; only JPEG, whose blocks have 8 pixels, does less
to a larger picture. Rotation and occlusion are not theirs: a face crop has them more often than
snow.

Every corruption takes an (H, W) grey or (H, W, 3) RGB uint8 picture, a strength from 1 to 5 and a
generator, and returns a new picture of the same shape. What is random (a direction, a place, the
noise) is drawn in the same way for every strength: from equal generators, a stronger corruption
hits the same place harder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mien.errors import InputError

Pixels = NDArray[np.uint8]

STRENGTHS = (1, 2, 3, 4, 5)
GRAINS = 48
"""Grains of noise along the shorter side: one a pixel of FER2013's pictures."""

BRIGHTNESS = (0.1, 0.2, 0.3, 0.4, 0.5)  # those of ImageNet-C
CONTRAST = (0.75, 0.5, 0.4, 0.3, 0.15)  # those of CIFAR-10-C
BLUR = (0.01, 0.015, 0.02, 0.03, 0.04)  # CIFAR-10-C has 0.0125 to 0.031
NOISE = (0.04, 0.06, 0.08, 0.12, 0.18)  # from the weakest of CIFAR-10-C to the third of ImageNet-C
JPEG = (65, 50, 35, 20, 10)  # CIFAR-10-C has 80 to 40, ImageNet-C 25 to 7
RESOLUTION = (32, 24, 18, 14, 10)
ROTATION = (9, 18, 27, 36, 45)
OCCLUSION = (0.05, 0.1, 0.15, 0.2, 0.3)


def brightness(image: Pixels, strength: int, rng: Generator) -> Pixels:
    """Lighter or darker, at random, by ``BRIGHTNESS`` of the range from black to white.

    It is added to the value of HSV, the largest of red, green and blue; hue and saturation stay.
    """
    sign = 1 if rng.random() < 0.5 else -1
    shift = sign * 255 * _level(BRIGHTNESS, strength)
    if image.ndim == 2:
        return _rounded(image + shift)
    value = image.max(axis=2, keepdims=True).astype(np.float64)
    wanted = np.clip(value + shift, 0, 255)
    black = value == 0  # has no hue
    scaled = image * (wanted / np.where(black, 1, value))
    return _rounded(np.where(black, wanted, scaled))


def contrast(image: Pixels, strength: int, rng: Generator) -> Pixels:
    """Distances from the mean (of each colour) are multiplied by ``CONTRAST``."""
    mean = image.mean(axis=(0, 1))
    return _rounded(mean + _level(CONTRAST, strength) * (image - mean))


def blur(image: Pixels, strength: int, rng: Generator) -> Pixels:
    """Gaussian blur with a standard deviation of ``BLUR`` shorter sides."""
    sigma = _level(BLUR, strength) * min(image.shape[:2])
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101))


def noise(image: Pixels, strength: int, rng: Generator) -> Pixels:
    """Adds Gaussian noise with a standard deviation of ``NOISE`` × 255 to each colour.

    In pictures larger than ``GRAINS`` pixels a grain covers several of them: shrinking the picture
    would otherwise average the noise away.
    """
    height, width = image.shape[:2]
    grain = max(1.0, min(height, width) / GRAINS)
    grid = (round(height / grain), round(width / grain))
    drawn = rng.normal(scale=255 * _level(NOISE, strength), size=(*grid, *image.shape[2:]))
    if grain > 1:
        enlarged = cv2.resize(drawn, (width, height), interpolation=cv2.INTER_NEAREST)
        drawn = np.asarray(enlarged, np.float64)
    return _rounded(image + drawn)


def jpeg(image: Pixels, strength: int, rng: Generator) -> Pixels:
    """Compressed as JPEG of quality ``JPEG`` (libjpeg's, 1 to 100), and decoded again."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(_level(JPEG, strength))]
    content = cv2.imencode(".jpg", image[..., ::-1] if image.ndim == 3 else image, quality)[1]
    decoded = np.asarray(cv2.imdecode(content, cv2.IMREAD_UNCHANGED), np.uint8)
    return np.ascontiguousarray(decoded[..., ::-1]) if image.ndim == 3 else decoded


def resolution(image: Pixels, strength: int, rng: Generator) -> Pixels:
    """Shrunk until its shorter side has ``RESOLUTION`` pixels, and enlarged to its size again.

    By area, then bilinearly, as a small face is for a network. A smaller picture is left as it is.
    """
    height, width = image.shape[:2]
    scale = _level(RESOLUTION, strength) / min(height, width)
    if scale >= 1:
        return image.copy()
    small = (round(scale * width), round(scale * height))
    shrunk = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(shrunk, (width, height), interpolation=cv2.INTER_LINEAR))


def rotation(image: Pixels, strength: int, rng: Generator) -> Pixels:
    """Turned about its centre by ``ROTATION`` degrees, to either side at random.

    Corners that come from outside the picture show its mirror image.
    """
    sign = 1 if rng.random() < 0.5 else -1
    height, width = image.shape[:2]
    centre = ((width - 1) / 2, (height - 1) / 2)
    turn = cv2.getRotationMatrix2D(centre, sign * _level(ROTATION, strength), 1)
    return np.asarray(
        cv2.warpAffine(
            image, turn, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
        )
    )


def occlusion(image: Pixels, strength: int, rng: Generator) -> Pixels:
    """A rectangle of the picture's shape and ``OCCLUSION`` of its area hides a random place.

    It is wholly inside the picture, in one random colour.
    """
    height, width = image.shape[:2]
    side = float(np.sqrt(_level(OCCLUSION, strength)))
    high, wide = max(1, round(side * height)), max(1, round(side * width))
    down, right = rng.random(2)
    top, left = round(down * (height - high)), round(right * (width - wide))
    hidden = image.copy()
    hidden[top : top + high, left : left + wide] = rng.integers(0, 256, image.shape[2:], np.uint8)
    return hidden


@dataclass(frozen=True, slots=True)
class Corruption:
    """One kind of corruption."""

    apply: Callable[[Pixels, int, Generator], Pixels]
    levels: tuple[float, ...]
    """What the five strengths stand for."""
    unit: str
    """Of the levels, in words."""


CORRUPTIONS: Mapping[str, Corruption] = {
    "brightness": Corruption(brightness, BRIGHTNESS, "share of the range, up or down"),
    "contrast": Corruption(contrast, CONTRAST, "factor"),
    "blur": Corruption(blur, BLUR, "SD, share of the shorter side"),
    "noise": Corruption(noise, NOISE, "SD, share of the range"),
    "jpeg": Corruption(jpeg, JPEG, "quality"),
    "resolution": Corruption(resolution, RESOLUTION, "pixels, shorter side"),
    "rotation": Corruption(rotation, ROTATION, "degrees"),
    "occlusion": Corruption(occlusion, OCCLUSION, "share of the area"),
}
"""By name, in the order of every table."""


def corrupted(image: Pixels, identity: bytes, seed: int = 0) -> Iterator[Pixels]:
    """``image`` in every kind of ``CORRUPTIONS`` and every strength of it: 40 pictures, in order.

    What is random depends on ``identity`` (such as ``mien.datasets.samples.identity``), the kind
    and ``seed`` alone: not on the place of the picture in its data set.
    """
    for kind, corruption in CORRUPTIONS.items():
        drawn = hashlib.blake2b(b"%d %s " % (seed, kind.encode()) + identity, digest_size=16)
        start = int.from_bytes(drawn.digest(), "big")
        for strength in STRENGTHS:
            yield corruption.apply(image, strength, np.random.default_rng(start))


def _level(levels: tuple[float, ...], strength: int) -> float:
    if strength not in STRENGTHS:
        raise InputError(f"strength must be 1 to {len(STRENGTHS)}, got {strength!r}")
    return levels[strength - 1]


def _rounded(values: NDArray[np.floating]) -> Pixels:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)
