from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the 'plot' extra brings Matplotlib")

from mien.evaluation.classification.measures import measure
from mien.labels import FER2013
from mien.reports.figures.classification.per_class import scores_figure, support_figure
from tests.support.answers import answers


def test_bars_are_pictures_and_correct_answers() -> None:
    made = answers()
    (axes,) = support_figure(measure(made)).axes
    pale, dark = ([bar.get_width() for bar in bars] for bars in axes.containers)
    assert pale == [np.sum(made.labels == label) for label in range(7)]
    right = made.labels[made.predicted == made.labels]
    assert dark == [np.sum(right == label) for label in range(7)]
    texts = [text.get_text() for text in axes.texts]
    assert texts[0] == f"{dark[0]} of {pale[0]}  ({dark[0] / pale[0]:.0%})"
    assert texts[6] == "no pictures"
    assert [label.get_text() for label in axes.get_yticklabels()] == list(FER2013)


def test_points_are_precision_recall_and_f1_with_their_means() -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason="the 'dev' extra brings scikit-learn")
    made = answers()
    expected = metrics.precision_recall_fscore_support(
        made.labels, made.predicted, labels=range(7), zero_division=0
    )[:3]
    (axes,) = scores_figure(measure(made)).axes
    points = {line.get_label(): np.asarray(line.get_xdata()) for line in axes.lines}
    for name, column in zip(("precision", "recall", "F1"), expected, strict=True):
        assert np.allclose(points[name][:-1], column)
    occurs = np.unique(made.labels)  # the last class has no pictures
    for name, measure_of in (
        ("precision", metrics.precision_score), ("recall", metrics.recall_score)
    ):  # fmt: skip
        mean = measure_of(made.labels, made.predicted, labels=occurs, average="macro")
        assert points[name][-1] == pytest.approx(mean)
    macro = metrics.f1_score(made.labels, made.predicted, average="macro", zero_division=0)
    assert points["F1"][-1] == pytest.approx(macro)
