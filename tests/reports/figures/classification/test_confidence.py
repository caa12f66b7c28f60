from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the 'plot' extra brings Matplotlib")

from mien.evaluation.classification.measures import measure
from mien.reports.figures.classification.confidence import reliability_figure, risk_coverage_figure
from tests.support.answers import answers


def test_reliability_against_scikit_learn() -> None:
    calibration = pytest.importorskip("sklearn.calibration")
    made = answers(500)
    found = measure(made)
    upper, lower = reliability_figure(made, found).axes
    confidence = made.probs.max(axis=1)
    right = made.predicted == made.labels
    share, mean = calibration.calibration_curve(right, confidence, n_bins=15)
    (curve,) = (line for line in upper.lines if line.get_marker() == "o")
    assert np.allclose(curve.get_xdata(), mean, atol=1e-6)
    assert np.allclose(curve.get_ydata(), share)
    heights = [bar.get_height() for bar in lower.containers[0]]
    assert heights == np.histogram(confidence, 15, (0, 1))[0].tolist()
    assert f"ECE {found.ece:.2%}" in upper.get_title()


def test_the_risk_curve_ends_at_the_error_and_never_beats_the_ideal_order() -> None:
    made = answers(500)
    found = measure(made)
    (axes,) = risk_coverage_figure(made, found).axes
    curves = {line.get_label(): line for line in axes.lines}
    risk = np.asarray(curves["made up"].get_ydata())
    ideal = np.asarray(curves["ideal order"].get_ydata())
    assert risk[-1] == ideal[-1] == pytest.approx(1 - found.accuracy)
    assert (risk >= ideal - 1e-12).all()
    assert np.count_nonzero(ideal) == np.sum(made.predicted != made.labels)
    assert f"AURC {risk.mean():.4f}" in axes.get_title()


@pytest.mark.parametrize("n", [1, 2, 19])
def test_few_pictures_are_drawn(n: int) -> None:
    made = answers(n)
    risk_coverage_figure(made, measure(made)).canvas.draw()
    reliability_figure(made, measure(made)).canvas.draw()
