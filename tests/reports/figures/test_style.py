from __future__ import annotations

from itertools import combinations

import cv2
import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the 'plot' extra brings Matplotlib")

from matplotlib.colors import to_rgb

from mien.reports.figures.style import (
    BLUE,
    COLORS,
    INK,
    ORANGE,
    clipped,
    readable_on,
    series,
)

# Machado, Oliveira, Fernandes (2009), severity 1.0, on linear RGB.
DEUTERANOPIA = np.array(
    [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ]
)
PROTANOPIA = np.array(
    [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ]
)


def linear_rgb(color: tuple[float, ...]) -> np.ndarray:
    rgb = np.array(color[:3])
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def seen(color: str, deficiency: np.ndarray) -> np.ndarray:
    """CIE Lab of a colour as it is seen."""
    linear = (deficiency @ linear_rgb(to_rgb(color))).clip(0, 1)
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return cv2.cvtColor(srgb.astype(np.float32)[None, None], cv2.COLOR_RGB2Lab)[0, 0]


@pytest.mark.parametrize("deficiency", [np.eye(3), DEUTERANOPIA, PROTANOPIA])
@pytest.mark.parametrize("colors", [COLORS[:7], (BLUE, ORANGE, INK)])
def test_colours_are_told_apart(deficiency: np.ndarray, colors: tuple[str, ...]) -> None:
    for one, other in combinations(colors, 2):
        distance = np.linalg.norm(seen(one, deficiency) - seen(other, deficiency))
        assert distance > 10, (one, other)  # 2.3 is a just noticeable difference


def test_series_differ_in_colour_or_marker() -> None:
    assert len({tuple(series(rank).values()) for rank in range(56)}) == 56


def test_numbers_are_legible_on_every_shade() -> None:
    from matplotlib import colormaps

    for share in np.linspace(0, 1, 21):
        back, front = (
            np.dot([0.2126, 0.7152, 0.0722], linear_rgb(to_rgb(color)))
            for color in (colormaps["Blues"](share), readable_on(share))
        )
        contrast = (max(back, front) + 0.05) / (min(back, front) + 0.05)
        assert contrast >= 4.2, share


def test_long_names_keep_both_ends() -> None:
    assert clipped("short") == "short"
    name = clipped("a" * 30 + "b" * 30, 20)
    assert len(name) == 20 and name.startswith("aaa") and name.endswith("bbb") and "…" in name
