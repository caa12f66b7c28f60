"""What a classifier's confidence is worth: the reliability diagram and the risk-coverage curve."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mien.evaluation import metrics
from mien.evaluation.classification.measures import Evaluation
from mien.evaluation.classification.predictions import Predictions
from mien.reports.figures.style import (
    BLUE,
    INK,
    MUTED,
    ORANGE,
    PALE,
    new_figure,
    percent,
    plain,
    subject,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BINS = 15


def reliability_figure(predictions: Predictions, evaluation: Evaluation) -> Figure:
    """How often the classifier is right when it is so sure, in 15 bins, and how often it is so."""
    counts, confidence, accuracy = metrics.calibration_bins(
        predictions.probs, predictions.labels, BINS
    )
    middles = (np.arange(BINS) + 0.5) / BINS
    held = counts > 0
    figure = new_figure(5.6, 6.2)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    upper.plot([0, 1], [0, 1], color=MUTED, linestyle="--", linewidth=1, label="as sure as right")
    upper.bar(middles[held], accuracy[held], 0.9 / BINS, color=PALE, label="right answers")
    upper.plot(
        confidence[held], accuracy[held], "o-", color=BLUE, markersize=4.5, linewidth=1.4,
        label="against mean confidence",
    )  # fmt: skip
    upper.set_ylabel("share of right answers")
    upper.set_ylim(0, 1.02)
    upper.set_xlim(0, 1)
    upper.legend(frameon=False, loc="upper left")
    lower.bar(middles, counts, 0.9 / BINS, color=BLUE)
    lower.set_ylabel("pictures")
    lower.set_xlabel("confidence: probability of the answer")
    plain(upper)
    plain(lower, "y")
    percent(upper, "xy")
    upper.set_title(f"{subject(evaluation)}\nECE {evaluation.ece:.2%}", fontsize=11)
    return figure


def risk_coverage_figure(predictions: Predictions, evaluation: Evaluation) -> Figure:
    """Errors among the answers kept, where the least sure ones are passed on to somebody else."""
    coverage, risk = metrics.risk_coverage(predictions.probs, predictions.labels)
    n = len(coverage)
    right = round(n * evaluation.accuracy)
    perfect = np.maximum(np.arange(1, n + 1) - right, 0) / np.arange(1, n + 1)
    figure = new_figure(6.4, 4.6)
    axes = figure.add_subplot()
    axes.axhline(risk[-1], color=MUTED, linestyle="--", linewidth=1, label="worthless confidence")
    axes.plot(
        coverage, perfect, ":", color=MUTED, linewidth=1.4, label="all errors passed on first"
    )
    axes.plot(coverage, risk, color=BLUE, linewidth=2, label=evaluation.model)
    for share in (0.5, 0.8, 1.0):
        at = max(0, round(share * n) - 1)
        axes.plot(coverage[at], risk[at], "o", color=ORANGE, markersize=5)
        axes.annotate(
            f"{risk[at]:.1%}", (coverage[at], risk[at]), xytext=(-4, 7),
            textcoords="offset points", ha="right", fontsize=9, color=INK,
        )  # fmt: skip
    axes.set_xlim(0, 1.005)
    axes.set_ylim(0, max(1.4 * float(risk[n // 20 :].max()), 0.02))
    axes.set_xlabel("coverage: share of the pictures answered, surest first")
    axes.set_ylabel("risk: share of errors among them")
    percent(axes, "xy")
    plain(axes)
    axes.legend(frameon=False, loc="upper left")
    axes.set_title(f"{subject(evaluation)}\nAURC {evaluation.aurc:.4f}", fontsize=11)
    return figure
