"""Checks of drawn figures."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from mien.reports.figures.save import save_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.text import Text

SMALLEST = 6.5
"""Points: smaller letters cannot be read where the figure is shown at half its size."""
TOUCHING = 2.0
"""Pixels by which the boxes of two texts may overlap: they include room for accents."""


def check_whole(figure: Figure, path: Path) -> None:
    """Save ``figure`` as the PNG file ``path``; check that nothing is cut off and its texts are
    legible.
    """
    save_figure(figure, path)
    picture = np.array(Image.open(path).convert("L"))
    assert min(picture.shape) > 300
    # The outermost pixels are white on all sides.
    assert all(edge.min() == 255 for edge in (picture[0], picture[-1], *picture.T[[0, -1]]))
    check_texts(figure)


def check_texts(figure: Figure) -> None:
    """Check that no two texts of ``figure`` overlap and that each is large enough."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    texts = shown_texts(figure)
    for text in texts:
        assert text.get_fontsize() >= SMALLEST, text.get_text()
    upright = [text for text in texts if text.get_rotation() % 90 == 0]
    # An annotation's own extent includes its arrow.
    boxes = [(text.get_text(), Text.get_window_extent(text)) for text in upright]
    for (first, a), (second, b) in combinations(boxes, 2):
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        up = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert min(across, up) <= TOUCHING, f"{first!r} lies over {second!r}"


def shown_texts(figure: Figure) -> list[Text]:
    """Every text of ``figure`` that is visible and not empty."""
    from matplotlib.text import Text

    hidden = {  # such as ticks beyond the limits, which exist and are not drawn
        label
        for axes in figure.findobj(lambda each: hasattr(each, "xaxis"))
        for axis in (axes.xaxis, axes.yaxis)  # type: ignore[attr-defined]
        for tick in (*axis.majorTicks, *axis.minorTicks)
        for label in (tick.label1, tick.label2)
        if not _is_drawn(tick, axes, axis)
    }
    found = [text for text in figure.findobj(Text) if isinstance(text, Text)]
    return [
        text
        for text in found
        if text not in hidden and text.get_visible() and text.get_text().strip()
    ]


def _is_drawn(tick: object, axes: object, axis: object) -> bool:
    low, high = sorted(axis.get_view_interval())  # type: ignore[attr-defined]
    at = tick.get_loc()  # type: ignore[attr-defined]
    shown = axes.axison and axes.get_visible()  # type: ignore[attr-defined]
    return bool(shown and low - 1e-9 <= at <= high + 1e-9)
