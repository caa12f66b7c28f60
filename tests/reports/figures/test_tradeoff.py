from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the 'plot' extra brings Matplotlib")

from mien.reports.figures.tradeoff import (
    NOT_COMPARABLE,
    ComparedModel,
    PublishedFigure,
    tradeoff_figure,
)
from tests.support.figures import check_whole, shown_texts

THEIRS = PublishedFigure((0.54, 0.56), "Doe 2020; their own split; from scratch; 30 epochs")
MODELS = [
    ComparedModel("fast", 0.6, 0.58, 0.62, ms=1),
    ComparedModel(
        "beaten",
        0.55,
        0.53,
        0.57,
        ms=4,
        published=PublishedFigure(
            (0.54, 0.56), "Doe 2020; their own split; from scratch; 30 epochs"
        ),
    ),
    ComparedModel("best", 0.7, 0.68, 0.72, ms=9),
    ComparedModel("not timed", 0.65, 0.6, 0.7, ms=None),
]


def test_the_best_is_on_top_and_the_line_joins_those_that_no_other_beats(tmp_path: Path) -> None:
    figure = tradeoff_figure(MODELS, "title")
    left, right, *_ = figure.axes
    names = [label.get_text() for label in left.get_yticklabels()]
    assert names == ["best  1", "not timed  2", "fast  3", "beaten  4"]
    front, dots = (np.asarray(line.get_xydata()) for line in right.lines)
    assert np.allclose(front, [(1, 0.6), (9, 0.7)])
    assert np.allclose(sorted(map(tuple, dots)), [(1, 0.6), (4, 0.55), (9, 0.7)])
    assert {text.get_text() for text in right.texts} == {"1", "3", "4"}  # the ranks
    check_whole(figure, tmp_path / "tradeoff.png")


def test_without_times_there_is_one_half() -> None:
    untimed = [replace(model, ms=None, published=None) for model in MODELS]
    assert len(tradeoff_figure(untimed, "title").axes) == 1


def test_what_others_published_is_apart_with_all_that_is_known() -> None:
    figure = tradeoff_figure(MODELS, "title")
    ours, _, theirs, _ = figure.axes
    assert not any(line.get_marker() == "D" for line in ours.lines)
    (marked,) = theirs.lines
    assert np.allclose(marked.get_xdata(), (0.54, 0.56))
    texts = " ".join(" ".join(text.get_text().split()) for text in shown_texts(figure))
    assert NOT_COMPARABLE in texts
    assert "54 to 56%, Doe 2020; their own split; from scratch; 30 epochs" in texts


@pytest.mark.parametrize("times", [(1.0, 1.05), (1.2, 3.0), (7.0, 40.0), (0.02, 9.0), (50, 130)])
def test_the_axis_of_time_has_three_ticks_or_more(times: tuple[float, float]) -> None:
    models = [
        replace(model, ms=ms, published=None) for model, ms in zip(MODELS, times, strict=False)
    ]
    axes = tradeoff_figure(models, "title").axes[1]
    low, high = axes.get_xlim()
    ticks = [tick for tick in axes.get_xticks() if low <= tick <= high]
    assert 3 <= len(ticks) <= 9
    assert all(low <= ms <= high for ms in times)


@pytest.mark.filterwarnings("ignore:Glyph")  # where no font has them
def test_thirty_models_with_long_names_of_any_script_fit(tmp_path: Path) -> None:
    models = [
        ComparedModel(f"модель-表情-{'x' * 40}-{n}", 0.5 + n / 100, 0.49, 0.9, ms=1.0 + n)
        for n in range(30)
    ]
    check_whole(tradeoff_figure(models, "title"), tmp_path / "many.png")
