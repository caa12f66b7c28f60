"""One look for all figures: colours, axes, numbers.

Figures are white cards: on a dark page they stay as they are. Colours are told apart with
deuteranopia and protanopia too, and never stand alone: a marker, a dash or a label says the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

INK = "#1a1a1a"
MUTED = "#6b7280"
GRID = "#e5e7eb"
BLUE = "#2563a8"
PALE = "#c6d9ec"
ORANGE = "#c2571a"
GREEN = "#3f7d4e"

COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#1a1a1a", "#8a8a8a")
"""Okabe and Ito's colour-blind safe palette, for models and splits side by side."""
DASHES = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1.5, 1, 1.5)))
MARKERS = ("o", "s", "D", "^", "v", "P", "X", "*")
SHADES = "Blues"
"""Matplotlib's map of shares in a matrix."""

DPI = 150


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of that size in inches; not pyplot's, which keeps every figure alive."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=DPI, layout="constrained")


def blank_grid(figure: Figure | SubFigure, rows: int, columns: int, **options: Any) -> NDArray[Any]:
    """(``rows``, ``columns``) axes without frames; ``options`` are those of ``Figure.subplots``."""
    grid = np.asarray(figure.subplots(rows, columns, squeeze=False, **options))
    for axes in grid.flat:
        axes.set_axis_off()
    return grid


def series(rank: int) -> dict[str, Any]:
    """Colour and marker of the series number ``rank``; 56 are all different."""
    return {"color": COLORS[rank % len(COLORS)], "marker": MARKERS[rank % 7]}


def readable_on(share: float) -> str:
    """White or ``INK``, whichever has more contrast on the shade of ``share`` (WCAG 2)."""
    from matplotlib import colormaps

    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in colormaps[SHADES](share)[:3]
    ]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "white" if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.06 else INK


def halo() -> list[Any]:
    """A white edge around a text that lies over lines."""
    from matplotlib.patheffects import Normal, Stroke

    return [Stroke(linewidth=2.5, foreground="white"), Normal()]


def label_size(count: int) -> float:
    """Points of ``count`` labels beside each other."""
    return 10 if count <= 12 else 8.5 if count <= 20 else 7.5


def clipped(name: str, most: int = 28) -> str:
    """``name`` with an ellipsis in its middle, if it has more than ``most`` characters."""
    if len(name) <= most:
        return name
    return f"{name[: most // 2]}…{name[len(name) - (most - most // 2 - 1) :]}"


def unframe(axes: Axes, grid: str = "both") -> None:
    """Remove frame and tick marks, and put a pale grid (``x``, ``y`` or ``both``) behind."""
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0, pad=6, colors=MUTED, labelcolor=INK)  # keeps the two zeros apart
    axes.grid(True, axis=grid, color=GRID, linewidth=0.8)  # type: ignore[arg-type]
    axes.set_axisbelow(True)


def log_ticks(axes: Axes) -> None:
    """Three to eight ticks with plain numbers on a logarithmic x axis, however short it is."""
    from matplotlib.ticker import FixedLocator, NullLocator

    low, high = axes.get_xlim()
    decades = 10.0 ** np.arange(np.floor(np.log10(low)) - 1, np.ceil(np.log10(high)) + 1)
    ticks = decades
    for steps in ([1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 5, 7], np.arange(1, 10, 0.5)):
        ticks = np.outer(decades, steps).ravel()
        ticks = ticks[(ticks >= low) & (ticks <= high)]
        if len(ticks) >= 3:
            break
    else:
        ticks = np.linspace(low, high, 5)[1:-1]
    axes.xaxis.set_major_locator(FixedLocator(ticks.tolist()))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:.3g}")


def percent_ticks(axes: Axes, which: str) -> None:
    """Label the axes called ``which`` (``x``, ``y`` or ``xy``), whose values are shares, in %."""
    for name in which:
        getattr(axes, f"{name}axis").set_major_formatter(lambda share, _: f"{100 * share:.4g}%")
