from __future__ import annotations

import math

import numpy as np
import pytest

from mien.detectors.yunet.grids import SCORE, STRIDES, WIDTHS, decode, suppress
from mien.types import Box

LINES, COLUMNS = 8, 12  # cells of the finest grid


def outputs() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    found = {}
    for stride in STRIDES:
        cells = LINES * COLUMNS * STRIDES[0] ** 2 // stride**2
        for name, width in WIDTHS.items():
            low, high = (-0.1, 1.1) if width == 1 else (-1, 1)
            found[f"{name}_{stride}"] = rng.uniform(low, high, (1, cells, width))
    return found


def one_by_one(arrays: dict[str, np.ndarray], threshold: float) -> list[list[float]]:
    """OpenCV's loop, in Python: modules/objdetect/src/face_detect.cpp."""
    rows = []
    for s in STRIDES:
        columns = COLUMNS * STRIDES[0] // s
        for index in range(arrays[f"cls_{s}"].shape[1]):
            r, c = index // columns, index % columns
            cls, obj = (min(max(arrays[f"{n}_{s}"][0, index, 0], 0), 1) for n in ("cls", "obj"))
            score = math.sqrt(cls * obj)
            if score < threshold:
                continue
            dx, dy, w, h = arrays[f"bbox_{s}"][0, index]
            cx, cy = (c + dx) * s, (r + dy) * s
            w, h = math.exp(w) * s, math.exp(h) * s
            points = arrays[f"kps_{s}"][0, index]
            flat = [
                v for n in range(5) for v in ((points[2 * n] + c) * s, (points[2 * n + 1] + r) * s)
            ]
            rows.append([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2, *flat, score])
    return rows


def greedy(rows: np.ndarray, overlap: float, most: int) -> list[int]:
    order = sorted(range(len(rows)), key=lambda i: -rows[i, SCORE])[:most]
    kept: list[int] = []
    for i in order:
        if all(Box(*rows[i, :4]).iou(Box(*rows[k, :4])) <= overlap for k in kept):
            kept.append(i)
    return kept


@pytest.mark.parametrize("threshold", [0.0, 0.6, 1.1])
def test_all_cells_at_once_and_one_by_one(threshold: float) -> None:
    arrays = outputs()
    expected = np.array(one_by_one(arrays, threshold)).reshape(-1, 15)
    assert (len(expected) > 20) == (threshold < 1)
    np.testing.assert_allclose(decode(arrays, COLUMNS, threshold), expected, atol=1e-9)


@pytest.mark.parametrize("most", [1, 60, 1000])
@pytest.mark.parametrize("overlap", [0.0, 0.3, 1.0])
def test_duplicates_are_dropped_from_the_best_to_the_worst(overlap: float, most: int) -> None:
    rows = decode(outputs(), COLUMNS, 0.3)
    kept = suppress(rows, overlap, most)
    np.testing.assert_array_equal(kept, rows[greedy(rows, overlap, most)])


def test_nothing_to_compare() -> None:
    assert suppress(np.empty((0, 15)), 0.3, 10).shape == (0, 15)
