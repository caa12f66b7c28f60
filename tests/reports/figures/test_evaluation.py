from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("matplotlib", reason="the 'plot' extra brings Matplotlib")

from mien.evaluation.classification.measures import measure
from mien.labels import FERPLUS
from mien.reports.figures.evaluation import Material, evaluation_figures
from mien.reports.figures.faces import Face
from mien.reports.figures.save import save_figure
from tests.support.answers import answers

ALWAYS = [
    "confusion", "confusion_counts", "confusion_shares", "support", "scores", "reliability",
    "risk_coverage", "mistakes",
]  # fmt: skip


def test_every_figure_is_whole_and_named(tmp_path: Path) -> None:
    made = answers(60, FERPLUS, model="a model with a rather long name, of run 17", tta=True)
    face = Face(np.zeros((48, 48), np.uint8), "a.png", "fear", "anger", 0.9)
    figures = evaluation_figures(
        Material(
            made, measure(made), [face] * 7, [face], {"a.png": np.ones((48, 48), np.float32)},
            epochs=[{"epoch": 1, "train_loss": 1.0}],
        )
    )  # fmt: skip
    assert list(figures) == ["curves", *ALWAYS, "explain"]
    for name, figure in figures.items():
        save_figure(figure, tmp_path / f"{name}.png")
        picture = np.array(Image.open(tmp_path / f"{name}.png").convert("L"))
        assert min(picture.shape) > 300
        # Nothing is cut off: the outermost pixels are white on every side.
        assert all(edge.min() == 255 for edge in (picture[0], picture[-1], *picture.T[[0, -1]]))


def test_what_there_is_nothing_of_is_not_drawn() -> None:
    made = answers(20)
    assert list(evaluation_figures(Material(made, measure(made)))) == ALWAYS


def test_the_confusion_matrix_in_counts_and_in_shares() -> None:
    made = answers()
    found = measure(made)
    figures = evaluation_figures(Material(made, found))
    counts = [text.get_text() for text in figures["confusion_counts"].axes[0].texts]
    assert counts == [str(count) for row in found.confusion for count in row]
    shares = [text.get_text() for text in figures["confusion_shares"].axes[0].texts]
    matrix = np.array(found.confusion)
    expected = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    assert shares == [f"{share:.0%}" for share in expected.ravel()]
    both = [text.get_text() for text in figures["confusion"].axes[0].texts]
    assert sorted(both) == sorted(counts + shares)
