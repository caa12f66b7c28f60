"""One look for all figures: colours, axes, numbers."""

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


def unframe(axes: Axes, grid: str = "both") -> None:
    """Remove frame and tick marks, and put a pale grid (``x``, ``y`` or ``both``) behind."""
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0, pad=6, colors=MUTED, labelcolor=INK)  # keeps the two zeros apart
    axes.grid(True, axis=grid, color=GRID, linewidth=0.8)  # type: ignore[arg-type]
    axes.set_axisbelow(True)


def percent_ticks(axes: Axes, which: str) -> None:
    """Label the axes called ``which`` (``x``, ``y`` or ``xy``), whose values are shares, in %."""
    for name in which:
        getattr(axes, f"{name}axis").set_major_formatter(lambda share, _: f"{100 * share:.4g}%")
