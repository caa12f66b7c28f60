from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="the 'plot' extra brings Matplotlib")

from mien.evaluation.detection.comparison import compare
from mien.reports.figures.detection.comparison import comparison_figures, speed_figure
from tests.support.detections import made_up
from tests.support.figures import check_whole


def test_detectors_in_one_figure(tmp_path: Path) -> None:
    first = made_up(1)
    fewer = [replace(a, boxes=a.boxes[:1], scores=a.scores[:1], ms=a.ms / 9) for a in first.answers]
    answers = {"all": first, "one per picture": replace(first, answers=tuple(fewer))}
    found = compare(answers)
    figures = dict(comparison_figures(found, answers, None))
    assert list(figures) == ["precision_recall", "speed"]  # no pictures without the data
    labels = [text.get_text() for text in figures["precision_recall"].axes[0].get_legend().texts]
    assert labels[0].startswith("all: AP50") and labels[1].startswith("one per picture: AP50")
    left, right = speed_figure(found).axes
    assert left.get_xlabel().startswith("AP50") and right.get_xlabel() == "ms per picture, median"
    for name, figure in figures.items():
        check_whole(figure, tmp_path / f"{name}.png")
