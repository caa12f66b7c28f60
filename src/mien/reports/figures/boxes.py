"""Pictures on axes, and boxes drawn on them: annotated, found, missed and wrong ones.

Colours are from Okabe and Ito's colour-blind safe palette; line styles differ too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class BoxStyle:
    """How one kind of box is drawn; widths in points."""

    label: str
    """For the legend."""
    color: str
    dash: Any
    """A line style of Matplotlib."""
    width: float
    edge: float = 1.4
    """Width of the dark edge that keeps a box visible on bright pictures."""


OUTCOMES = {
    "ignored": BoxStyle("annotated, ignored", "#9ca3af", "-", 1.0),
    "found": BoxStyle("found", "#00b386", "-", 1.5),
    "missed": BoxStyle("missed", "#e6194b", "-", 2.4),
    "false": BoxStyle("false: on no annotated face", "#ffa600", (0, (4, 1.6)), 2.2),
    "duplicate": BoxStyle("duplicate: face already found", "#b14dff", (0, (1.2, 1.2)), 2.2),
}
"""Boxes of a detector and of the annotations, in the order in which they are drawn and listed."""


def show_picture(
    axes: Axes, image: NDArray[np.uint8], aspect: Literal["equal", "auto"] = "equal"
) -> None:
    """Show ``image`` (H, W, 3) on ``axes`` without a frame, in the coordinates of boxes: 0 is the
    outer edge of the first pixel.
    """
    height, width = image.shape[:2]
    axes.set_axis_off()
    axes.imshow(image, interpolation="antialiased", extent=(0, width, height, 0), aspect=aspect)
    axes.set_autoscale_on(False)  # boxes may reach beyond the picture, the axes may not


def draw_boxes(axes: Axes, boxes: NDArray[np.float32], style: BoxStyle) -> None:
    """Draw ``boxes`` (N, 4) as rectangles."""
    from matplotlib.patches import Rectangle
    from matplotlib.patheffects import Normal, Stroke

    edge = [Stroke(linewidth=style.width + style.edge, foreground="black", alpha=0.55), Normal()]
    for x1, y1, x2, y2 in np.asarray(boxes, np.float64).reshape(-1, 4):
        axes.add_patch(
            Rectangle(
                (x1, y1), x2 - x1, y2 - y1, fill=False, edgecolor=style.color,
                linestyle=style.dash, linewidth=style.width, path_effects=edge,
            )
        )  # fmt: skip


def outcome_legend(figure: Figure, **place: Any) -> None:
    """A legend of all ``OUTCOMES``; ``place`` as ``Figure.legend`` takes it."""
    box_legend(figure, tuple(OUTCOMES.values()), **place)


def box_legend(figure: Figure, styles: Sequence[BoxStyle], **place: Any) -> None:
    """A legend of ``styles`` in one row; ``place`` as ``Figure.legend`` takes it."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=style.color, linestyle=style.dash, linewidth=2.4, label=style.label)
        for style in styles
    ]
    framed = {"frameon": "facecolor" in place, "handlelength": 2.6, **place}
    figure.legend(handles=handles, ncols=len(handles), **framed)
