"""Valence and arousal as a model estimates them, against those of the data set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mien.evaluation.classification.affect import NAMES
from mien.evaluation.classification.measures import Evaluation
from mien.evaluation.classification.predictions import Predictions
from mien.reports.figures.style import BLUE, INK, SHADES, new_figure, unframe
from mien.reports.text import classifier_on_pictures

if TYPE_CHECKING:
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

_MOST_POINTS = 1500  # more would cover each other
_CELLS = 24  # across the scale from -1 to 1
_TICKS = (-1, -0.5, 0, 0.5, 1)


def affect_figure(predictions: Predictions, evaluation: Evaluation) -> Figure:
    """A panel for each of valence and arousal: a point a picture, or shaded cells where many are.

    ``evaluation`` has scores of at least one of them.
    """
    estimated, known = predictions.affect, predictions.affect_known
    assert estimated is not None and known is not None
    scores = evaluation.affect
    crowded = max(score.n for score in scores.values()) > _MOST_POINTS
    figure = new_figure(4.4 * len(scores) + 0.4, 6.3 if crowded else 5.6)
    panels = np.atleast_1d(figure.subplots(1, len(scores), sharey=True))
    for axes, (name, score) in zip(panels, scores.items(), strict=True):
        column, interval = NAMES.index(name), score.intervals["ccc"]
        rows = np.isfinite(known[:, column])
        x, y = known[rows, column], estimated[rows, column]
        if crowded:
            cells = axes.hexbin(
                x, y, gridsize=_CELLS, extent=(-1, 1, -1, 1), cmap=_shades(), mincnt=1,
                linewidths=0.2,
            )  # fmt: skip
            bar = figure.colorbar(cells, ax=axes, location="bottom", shrink=0.6, aspect=30)
            bar.set_label("pictures in a cell")
            bar.outline.set_visible(False)
        else:
            alpha = float(np.clip(200 / len(x), 0.35, 0.8))
            axes.plot(x, y, "o", color=BLUE, markersize=4, alpha=alpha, mew=0, label="a picture")
        axes.plot([-1, 1], [-1, 1], "--", color=INK, linewidth=1, label="equal")
        axes.set_xlim(-1.05, 1.05)
        axes.set_ylim(-1.05, 1.05)
        axes.set_aspect("equal")
        axes.set_xticks(_TICKS)
        axes.set_yticks(_TICKS)
        axes.set_xlabel(f"{name} in the data set")
        axes.set_title(
            f"{name}, {score.n:,} pictures\n"
            f"CCC {score.ccc:.3f} (95% CI {interval.low:.3f} to {interval.high:.3f})",
            fontsize=10,
        )
        unframe(axes)
    panels[0].set_ylabel("as the model estimates it")
    panels[0].legend(frameon=False, loc="upper left")
    figure.suptitle(classifier_on_pictures(evaluation), fontsize=11)
    return figure


def _shades() -> Colormap:
    """Blues without those that can hardly be told from the white of the page."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    return ListedColormap(colormaps[SHADES](np.linspace(0.2, 1, 128)))
