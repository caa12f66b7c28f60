from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the 'plot' extra brings Matplotlib")

from mien.evaluation.classification.comparison import compare
from mien.evaluation.classification.cost import Cost
from mien.evaluation.classification.predictions import Predictions
from mien.labels import FER2013
from mien.reports.figures.classification.comparison import (
    comparison_figures,
    disagreements_figure,
    recall_figure,
)
from tests.support.answers import answers
from tests.support.figures import check_whole, shown_texts


class Pictures:
    """A data set of grey squares, each with its own shade."""

    def __init__(self, like: Predictions) -> None:
        self.like = like

    def samples(self, split: str) -> list[object]:
        class Picture:
            def __init__(self, key: str, shade: int) -> None:
                self.key, self.image = key, np.full((48, 48), shade, np.uint8)

        return [Picture(key, n % 256) for n, key in enumerate(self.like.keys)]


def several(count: int, names: tuple[str, ...] = FER2013) -> dict[str, Predictions]:
    """Answers of different models to the same pictures."""
    made = answers(names=names)
    found = {}
    for n in range(count):
        rng = np.random.default_rng(n)
        logits = np.log(made.probs) + rng.normal(size=made.probs.shape)
        probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        found[f"модель {n} {'of a long name ' * (n % 3)}"] = answers(
            names=names, probs=probs.astype(np.float32), labels=made.labels
        )
    return found


@pytest.mark.parametrize(
    ("count", "names"),
    [
        (2, FER2013),
        (5, ("bored", "an own label with a very long name, in brackets (much too long)")),
        (3, tuple(f"класс {n}" for n in range(30))),
    ],
    ids=["two models", "five models, two labels", "thirty labels"],
)
def test_every_figure_fits(count: int, names: tuple[str, ...], tmp_path: Path) -> None:
    found = several(count, names)
    costs = {name: Cost(1, 1, 1.0, 2.0 + n, "") for n, name in enumerate(found)}
    data = Pictures(next(iter(found.values())))
    figures = dict(comparison_figures(compare(found, costs), found, data, "title"))  # type: ignore[arg-type]
    assert list(figures) == ["quality", "recall", "confusion", "reliability", "disagreements"]
    for name, figure in figures.items():
        check_whole(figure, tmp_path / f"{name}.png")


def test_markers_are_recalls() -> None:
    found = compare(several(3))
    axes = recall_figure(found, "title").axes[0]
    markers = [line for line in axes.lines if line.get_marker() not in ("None", None, "")]
    for row, line in zip(found.rows, markers, strict=True):
        confusion = np.array(row.scores.confusion)
        recalls = np.diag(confusion) / np.maximum(confusion.sum(axis=1), 1)
        np.testing.assert_allclose(line.get_xdata()[:-1], recalls)
    assert len({(line.get_color(), line.get_marker()) for line in markers}) == 3


def test_the_surest_disagreements_come_first_with_every_answer() -> None:
    found = several(2)
    first, second = found.values()
    figure = disagreements_figure(found, Pictures(first), "title")  # type: ignore[arg-type]
    shown = [int(axes.images[0].get_array()[0, 0]) for axes in figure.axes if axes.images]
    lower = np.minimum(first.probs.max(axis=1), second.probs.max(axis=1))
    differ = first.predicted != second.predicted
    one_is_right = (first.predicted == first.labels) | (second.predicted == first.labels)
    expected = [n for n in np.argsort(-lower, kind="stable") if differ[n] and one_is_right[n]][:12]
    assert shown == expected
    words = [text.get_text() for text in shown_texts(figure)]
    assert sum(word.startswith("✓") for word in words) == 12  # exactly one of two is right
    assert sum(word.startswith("✗") for word in words) == 12


def test_models_that_agree_are_no_error() -> None:
    same = {"a": answers(), "b": answers()}
    figure = disagreements_figure(same, Pictures(same["a"]), "title")  # type: ignore[arg-type]
    assert "they agree on every picture" in [text.get_text() for text in shown_texts(figure)]
