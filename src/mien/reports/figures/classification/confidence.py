"""How far a classifier's confidence can be trusted: reliability diagram, risk-coverage curve."""

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
    percent_ticks,
    unframe,
)
from mien.reports.text import classifier_on_pictures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BINS = 15


def draw_reliability(axes: Axes, predictions: Predictions) -> None:
    """Accuracy in each of 15 bins of confidence, with labels for a legend."""
    counts, confidence, accuracy = metrics.calibration_bins(
        predictions.probs, predictions.labels, BINS
    )
    middles = (np.arange(BINS) + 0.5) / BINS
    filled = counts > 0
    axes.plot([0, 1], [0, 1], "--", color=MUTED, linewidth=1, label="perfect calibration")
    axes.bar(middles[filled], accuracy[filled], 0.9 / BINS, color=PALE, label="accuracy of a bin")
    axes.plot(
        confidence[filled], accuracy[filled], "o-", color=BLUE, markersize=4.5, linewidth=1.4,
        label="at its mean confidence",
    )  # fmt: skip
    axes.set_ylim(0, 1.02)
    axes.set_xlim(0, 1)
    unframe(axes)
    percent_ticks(axes, "xy")


def reliability_figure(predictions: Predictions, evaluation: Evaluation) -> Figure:
    """Accuracy and number of answers in each of 15 bins of confidence."""
    counts = metrics.calibration_bins(predictions.probs, predictions.labels, BINS)[0]
    middles = (np.arange(BINS) + 0.5) / BINS
    figure = new_figure(5.6, 6.2)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    draw_reliability(upper, predictions)
    upper.set_ylabel("accuracy")
    upper.legend(frameon=False, loc="upper left")
    lower.bar(middles, counts, 0.9 / BINS, color=BLUE)
    lower.set_ylabel("pictures")
    lower.set_xlabel("confidence: probability of the answer")
    unframe(lower, "y")
    plain = evaluation.ece_uncalibrated
    beside = "" if plain is None else f" (uncalibrated {plain:.2%})"
    title = f"{classifier_on_pictures(evaluation)}\nECE {evaluation.ece:.2%}{beside}"
    upper.set_title(title, fontsize=11)
    return figure


def risk_coverage_figure(predictions: Predictions, evaluation: Evaluation) -> Figure:
    """Error rate of the answers that remain when the least confident ones are left out."""
    coverage, risk = metrics.risk_coverage(predictions.probs, predictions.labels)
    n = len(coverage)
    correct = round(n * evaluation.accuracy)
    ideal = np.maximum(np.arange(1, n + 1) - correct, 0) / np.arange(1, n + 1)
    figure = new_figure(6.4, 4.6)
    axes = figure.add_subplot()
    axes.axhline(risk[-1], color=MUTED, linestyle="--", linewidth=1, label="random order")
    axes.plot(coverage, ideal, ":", color=MUTED, linewidth=1.4, label="ideal order")
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
    axes.set_xlabel("coverage: share of the pictures kept, most confident first")
    axes.set_ylabel("risk: error rate of the kept pictures")
    percent_ticks(axes, "xy")
    unframe(axes)
    axes.legend(frameon=False, loc="upper left")
    axes.set_title(f"{classifier_on_pictures(evaluation)}\nAURC {evaluation.aurc:.4f}", fontsize=11)
    return figure
