"""How boxes are drawn on pictures: what was found, missed and over-detected.

Colours are Okabe and Ito's, which colour-blind people tell apart; lines differ too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Mark:
    """One kind of box; ``dash`` is Matplotlib's line style, ``width`` in points."""

    words: str
    color: str
    dash: Any
    width: float


MARKS = {
    "ignored": Mark("marked, not counted", "#9ca3af", "-", 1.0),
    "found": Mark("found", "#00b386", "-", 1.5),
    "missed": Mark("missed", "#e6194b", "-", 2.4),
    "false": Mark("false: on no marked face", "#ffa600", (0, (4, 1.6)), 2.2),
    "duplicate": Mark("duplicate: found again", "#b14dff", (0, (1.2, 1.2)), 2.2),
}
"""In the order that they are drawn and listed."""


def show(axes: Axes, image: NDArray[np.uint8], aspect: Literal["equal", "auto"] = "equal") -> None:
    """``image``, (H, W, 3), alone on ``axes``, whose coordinates are those of boxes: 0 is the outer
    edge of the first pixel.
    """
    height, width = image.shape[:2]
    axes.set_axis_off()
    axes.imshow(image, interpolation="bilinear", extent=(0, width, height, 0), aspect=aspect)
    axes.set_autoscale_on(False)  # boxes reach beyond the picture, the axes do not


def draw_boxes(axes: Axes, boxes: NDArray[np.float32], kind: str, scale: float = 1.0) -> None:
    """Draw ``boxes`` (N, 4) times ``scale`` as those of one ``kind`` of ``MARKS``, on dark edges
    that keep them visible on bright pictures.
    """
    from matplotlib.patches import Rectangle
    from matplotlib.patheffects import Normal, Stroke

    mark = MARKS[kind]
    halo = [Stroke(linewidth=mark.width + 1.4, foreground="black", alpha=0.55), Normal()]
    for x1, y1, x2, y2 in np.asarray(boxes, np.float64).reshape(-1, 4) * scale:
        axes.add_patch(
            Rectangle(
                (x1, y1), x2 - x1, y2 - y1, fill=False, edgecolor=mark.color,
                linestyle=mark.dash, linewidth=mark.width, path_effects=halo,
            )
        )  # fmt: skip


def legend(figure: Figure, kinds: Iterable[str], **place: Any) -> None:
    """One entry for each of ``kinds``, in the order of ``MARKS``."""
    from matplotlib.lines import Line2D

    wanted = set(kinds)
    handles = [
        Line2D([], [], color=mark.color, linestyle=mark.dash, linewidth=2.4, label=mark.words)
        for kind, mark in MARKS.items()
        if kind in wanted
    ]
    figure.legend(handles=handles, ncols=len(handles), frameon=False, handlelength=2.6, **place)
