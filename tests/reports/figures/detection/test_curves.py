from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the 'plot' extra brings Matplotlib")

from mien.evaluation.detection.measures import measure
from mien.reports.figures.detection.curves import precision_recall_figure, recall_by_size_figure
from tests.support.detections import answer, detections, made_up
from tests.support.figures import check_whole


def test_curves_of_subsets_with_a_ring_at_the_threshold(tmp_path: Path) -> None:
    found = measure(made_up(2))
    figure = precision_recall_figure(found)
    (axes,) = figure.axes
    labels = [text.get_text() for text in axes.get_legend().texts]
    assert labels[0] == f"all faces: AP50 {found.ap50:.1%}"
    assert [label.split(":")[0] for label in labels[1:4]] == ["easy", "medium", "hard"]
    assert labels[4] == "score threshold 0.5"
    first, ring = axes.lines[0], axes.lines[1]
    assert tuple(first.get_xdata()) == found.curve.recall
    assert tuple(first.get_ydata()) == found.curve.precision
    assert (ring.get_xdata()[0], ring.get_ydata()[0]) == (
        found.operating.recall, found.operating.precision,
    )  # fmt: skip
    check_whole(figure, tmp_path / "curve.png")


def test_sizes_without_subsets() -> None:
    found = replace(measure(made_up(2)), subsets={})
    labels = [t.get_text() for t in precision_recall_figure(found).axes[0].get_legend().texts]
    assert [label.split(":")[0] for label in labels[:3]] == [
        "all faces", "32 px and more", "40 px and more",
    ]  # fmt: skip


def test_recall_against_size(tmp_path: Path) -> None:
    def square(side: float) -> list[float]:
        return [0, 0, side, side]

    # Two faces of 20 px, one found; one of 40 px, found; one of 300 px, missed; one ignored.
    made = detections(
        answer([square(20)], [square(20)], key="a"),
        answer([square(20)], key="b"),
        answer([square(40)], [square(40)], key="c"),
        answer([square(300)], key="d"),
        answer([square(40)], ignored=[True], key="e"),
    )
    figure = recall_by_size_figure(measure(made), made)
    upper, lower = figure.axes
    names = [label.get_text() for label in lower.get_xticklabels()]
    points = dict(zip(upper.lines[0].get_xdata(), upper.lines[0].get_ydata(), strict=True))
    assert {names[place]: share for place, share in points.items()} == {
        "16 to 24": 0.5, "32 to 48": 1.0, "≥ 192": 0.0,
    }  # fmt: skip
    total = [bar.get_height() for bar in lower.patches[: len(names)]]
    assert dict(zip(names, total, strict=True))["16 to 24"] == 2 and sum(total) == 4
    check_whole(figure, tmp_path / "sizes.png")


def test_the_interval_of_a_recall_is_wilsons() -> None:
    from mien.reports.figures.detection.curves import _wilson

    stats = pytest.importorskip("scipy.stats", reason="SciPy comes with scikit-learn")
    for taken, n in ((0, 5), (3, 7), (99, 100), (4, 4)):
        low, high = _wilson(np.array([taken]), np.array([n]))
        expected = stats.binomtest(taken, n).proportion_ci(0.95, method="wilson")
        assert (low[0], high[0]) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_a_split_without_a_face(tmp_path: Path) -> None:
    made = detections(answer(boxes=[[0, 0, 9, 9]]))
    found = measure(made)
    check_whole(precision_recall_figure(found), tmp_path / "curve.png")
    check_whole(recall_by_size_figure(found, made), tmp_path / "sizes.png")
