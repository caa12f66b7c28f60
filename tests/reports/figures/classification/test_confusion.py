from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the 'plot' extra brings Matplotlib")

from mien.evaluation.classification.measures import measure
from mien.labels import FER2013
from mien.reports.figures.classification.confusion import confusion_figure
from tests.support.answers import answers


def test_cells_are_counts_and_shares_of_the_row() -> None:
    evaluation = measure(answers())
    counts, shares, both = (
        [text.get_text() for text in confusion_figure(evaluation, cells).axes[0].texts]
        for cells in ("counts", "shares", "both")
    )
    assert counts == [str(count) for row in evaluation.confusion for count in row]
    matrix = np.array(evaluation.confusion)
    expected = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    assert shares == [f"{share:.0%}" for share in expected.ravel()]
    filled = [count for count in counts if count != "0"]  # an empty cell has one number
    assert sorted(both) == sorted(filled + shares)


def test_photos_without_a_face_have_a_column_with_its_name() -> None:
    lost = np.array([0, 0, 2])
    evaluation = measure(answers(no_face=("a", "b", "c"), no_face_labels=lost))
    axes = confusion_figure(evaluation, "counts").axes[0]
    assert [text.get_text() for text in axes.get_xticklabels()] == [*FER2013, "no face found"]
    assert len(axes.get_yticklabels()) == 7
    last = [text.get_text() for text in axes.texts if text.get_position()[0] == 7]
    assert last == ["2", "0", "1", "0", "0", "0", "0"]
