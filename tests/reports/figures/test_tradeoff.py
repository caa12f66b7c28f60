from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the 'plot' extra brings Matplotlib")

from mien.reports.figures.tradeoff import ComparedModel, tradeoff_figure
from tests.support.figures import check_whole

MODELS = [
    ComparedModel("fast", 0.6, 0.58, 0.62, ms=1),
    ComparedModel("beaten", 0.55, 0.53, 0.57, ms=4, published=(0.54, 0.56)),
    ComparedModel("best", 0.7, 0.68, 0.72, ms=9),
    ComparedModel("not timed", 0.65, 0.6, 0.7, ms=None),
]


def test_the_best_is_on_top_and_the_line_joins_those_that_no_other_beats(tmp_path: Path) -> None:
    figure = tradeoff_figure(MODELS, "title")
    left, right = figure.axes
    names = [label.get_text() for label in left.get_yticklabels()]
    assert names == ["best  1", "not timed  2", "fast  3", "beaten  4"]
    front, dots = (np.asarray(line.get_xydata()) for line in right.lines)
    assert np.allclose(front, [(1, 60), (9, 70)])
    assert np.allclose(sorted(map(tuple, dots)), [(1, 60), (4, 55), (9, 70)])
    assert {text.get_text() for text in right.texts} == {"1", "3", "4"}  # the ranks
    check_whole(figure, tmp_path / "tradeoff.png")


def test_without_times_there_is_one_half() -> None:
    assert len(tradeoff_figure([replace(model, ms=None) for model in MODELS], "title").axes) == 1
