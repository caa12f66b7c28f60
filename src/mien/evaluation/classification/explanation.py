"""Which parts of a face a classifier's answer depends on: occlusion sensitivity."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.classifiers.base import Classifier, probabilities
from mien.preprocess.crop import square_around
from mien.preprocess.network_input import resize_crops
from mien.specs.classifier import ModelSpec

PATCH = 1 / 6
"""Side of the covered square as a share of the picture's: about an eye, or half a mouth."""
STEP = 1 / 12
"""Distance from one square to the next, as a share of the picture's side."""


def occlusion(classifier: Classifier, crop: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Occlusion sensitivity (Zeiler and Fergus 2014) of one face crop, (H, W) float32.

    A square of the picture's mean colour covers one place after another. Each pixel gets the mean
    drop of the predicted class's probability over the squares that cover it: 0.3 if covering it
    costs 30 points, negative if that raises the probability. ``crop`` is (H, W) or (H, W, 3) uint8.
    """
    resized = resize_crops([crop], classifier.spec)[0]  # (R, R, C)
    side = len(resized)
    patch, step = max(1, round(side * PATCH)), max(1, round(side * STEP))
    starts = sorted({*range(0, side - patch, step), side - patch})
    places = [(y, x) for y in starts for x in starts]
    covered = np.repeat(resized[None], len(places), axis=0)  # (P, R, R, C)
    for picture, (y, x) in zip(covered, places, strict=True):
        picture[y : y + patch, x : x + patch] = resized.mean(axis=(0, 1)).round()
    before = probabilities(classifier, [resized])[0]  # (K,)
    after = probabilities(classifier, list(covered))[:, before.argmax()]  # (P,)
    total, count = np.zeros((side, side), np.float32), np.zeros((side, side), np.float32)
    for drop, (y, x) in zip(before.max() - after, places, strict=True):
        total[y : y + patch, x : x + patch] += drop
        count[y : y + patch, x : x + patch] += 1
    return _onto(total / count, crop.shape[:2])


def from_network_input(
    values: NDArray[np.float32], spec: ModelSpec, shape: tuple[int, int]
) -> NDArray[np.float32]:
    """A map over the network's input, of any resolution, resized to a crop of ``shape`` (H, W).

    The network sees the centre of the resized crop; the map is 0 outside of it.
    """
    side = spec.resize or spec.input_size
    margin = (side - spec.input_size) // 2
    whole = np.zeros((side, side), np.float32)
    centre = _resized(values, (spec.input_size, spec.input_size))
    whole[margin : margin + spec.input_size, margin : margin + spec.input_size] = centre
    return _onto(whole, shape)


def _onto(values: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    """A map over the resized square around a crop of ``shape`` (H, W), resized and cut to it."""
    height, width = shape
    left, top, side = square_around(height, width)
    return _resized(values, (side, side))[-top : height - top, -left : width - left]


def _resized(values: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    resized = cv2.resize(values, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(resized, np.float32)
