from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the 'plot' extra brings Matplotlib")

from mien.datasets.samples import Sample, identity
from mien.errors import DatasetError
from mien.evaluation.classification.robustness import measure_robustness
from mien.evaluation.corruptions import CORRUPTIONS, corrupted
from mien.reports.figures.classification.robustness import corruptions_figure, examples_figure
from tests.support import tiny
from tests.support.corrupted import corrupted_answers
from tests.support.figures import check_whole


def test_each_panel_has_the_accuracies_of_its_kind_and_the_clean_one(tmp_path: Path) -> None:
    models = {
        "one": measure_robustness(corrupted_answers()),
        "another, with a name that is long": measure_robustness(corrupted_answers(seed=1)),
    }
    figure = corruptions_figure(models, "faces, split valid")
    panels = figure.axes
    assert [axes.get_title() for axes in panels] == list(CORRUPTIONS)
    for axes, kind in zip(panels, CORRUPTIONS, strict=True):
        drawn = [np.asarray(line.get_ydata(), float) for line in axes.lines]
        expected = []
        for scores in models.values():
            expected += [np.full(2, scores.accuracy), np.array(scores.kinds[kind].accuracies)]
        assert all(map(np.allclose, drawn, expected)) and len(drawn) == 4
        assert drawn[1].min() >= 0 and axes.get_ylim() == (0, 1)
    check_whole(figure, tmp_path / "f.png")


def test_examples_are_a_real_picture_of_the_split_with_every_corruption(tmp_path: Path) -> None:
    data = tiny.Faces(9)
    figure = examples_figure(data, "train")
    assert figure is not None
    sample = list(data.samples("train"))[4]
    expected = list(corrupted(sample.image, identity(sample, sample.image)))
    (axes,) = figure.axes
    sheet = np.asarray(axes.images[0].get_array())
    lefts = [round(at) - 24 for at in axes.get_xticks()]
    tops = [round(at) - 24 for at in axes.get_yticks()]
    for row, top in enumerate(tops):
        shown = [sheet[top : top + 48, left : left + 48] for left in lefts]
        assert np.array_equal(shown[0], sample.image)
        assert all(map(np.array_equal, shown[1:], expected[5 * row : 5 * row + 5]))
    assert [label.get_text() for label in axes.get_yticklabels()] == list(CORRUPTIONS)
    check_whole(figure, tmp_path / "f.png")


def test_a_wide_picture_in_colour_is_drawn_and_none_without_a_readable_one() -> None:
    class Wide(tiny.Faces):
        def samples(self, split: str) -> Iterator[Sample]:
            picture = np.random.default_rng(0).integers(0, 256, (300, 500, 3), np.uint8)
            return iter([Sample(picture, 0, "wide")])

    class Unreadable(tiny.Faces):
        def samples(self, split: str) -> Iterator[Sample]:
            def damaged() -> np.ndarray:
                raise DatasetError("cut short")

            return iter([Sample(damaged, 0, "damaged")])

    figure = examples_figure(Wide(), "train")
    assert figure is not None and figure.axes[0].images[0].get_array().ndim == 3
    assert examples_figure(Unreadable(), "train") is None
