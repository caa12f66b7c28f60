from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the 'plot' extra brings Matplotlib")

from mien.evaluation.classification.measures import measure
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
