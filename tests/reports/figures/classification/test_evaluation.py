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


@pytest.mark.parametrize("n", [60, 4000])
def test_valence_and_arousal_where_both_sides_know_them(tmp_path: Path, n: int) -> None:
    rng = np.random.default_rng(0)
    known = rng.uniform(-1, 1, (n, 2)).astype(np.float32)
    estimated = np.clip(0.6 * known + rng.normal(0, 0.2, (n, 2)), -1, 1).astype(np.float32)
    known[::3, 1] = np.nan
    made = answers(n, affect=estimated, affect_known=known)
    figures = dict(classification_figures(Material(made, measure(made))))
    assert list(figures) == [*ALWAYS[:5], "affect", *ALWAYS[5:]]
    check_whole(figures["affect"], tmp_path / "affect.png")
    valence, arousal, *_ = figures["affect"].axes
    x, y = known[:, 0].astype(float), estimated[:, 0].astype(float)
    ccc = 2 * np.cov(x, y, bias=True)[0, 1] / (x.var() + y.var() + (x.mean() - y.mean()) ** 2)
    assert f"{n:,} pictures\nCCC {ccc:.3f}" in valence.get_title()
    assert f"{np.isfinite(known[:, 1]).sum():,} pictures" in arousal.get_title()
    drawn = (
        valence.collections[0].get_array().sum() if n > 60 else len(valence.lines[0].get_xdata())
    )
    assert drawn == n
    for without in ({"affect": estimated}, {"affect_known": known}):
        made = answers(n, **without)
        assert "affect" not in dict(classification_figures(Material(made, measure(made))))
