from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the 'plot' extra brings Matplotlib")

from mien.evaluation.classification.measures import measure
from mien.labels import FERPLUS
from mien.reports.figures.classification.crops import ClassifiedCrop
from mien.reports.figures.classification.evaluation import Material, classification_figures
from tests.support.answers import answers
from tests.support.figures import check_whole

ALWAYS = [
    "confusion", "confusion_counts", "confusion_shares", "support", "scores", "reliability",
    "risk_coverage", "mistakes",
]  # fmt: skip


def test_every_figure_is_whole_and_named(tmp_path: Path) -> None:
    made = answers(60, FERPLUS, model="a model with a rather long name, of run 17", tta=True)
    crop = ClassifiedCrop(np.zeros((48, 48), np.uint8), "a.png", "fear", "anger", 0.9)
    figures = dict(classification_figures(
        Material(
            made, measure(made), [crop] * 7, [crop], {"a.png": np.ones((48, 48), np.float32)},
            epochs=[{"epoch": 1, "train_loss": 1.0}],
        )
    ))  # fmt: skip
    assert list(figures) == ["curves", *ALWAYS, "explain"]
    for name, figure in figures.items():
        check_whole(figure, tmp_path / f"{name}.png")


def test_no_curves_without_epochs_and_no_explanation_without_crops() -> None:
    made = answers(20)
    assert list(dict(classification_figures(Material(made, measure(made))))) == ALWAYS
