from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from mien.classifiers.base import probabilities
from mien.errors import ModelError
from mien.pipeline import Recognizer
from mien.specs.classifier import ModelSpec

SQUARE = np.zeros((8, 8, 3), np.uint8)


class Plugin:
    """A classifier that gives one answer to everything."""

    spec = ModelSpec("plugin", ("anger", "happiness"), input_size=8)

    def __init__(self, answer: object) -> None:
        self.answer = np.asarray(answer, np.float32)

    def logits(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        raise NotImplementedError

    def classify(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return self.answer


def test_an_answer_comes_back_as_it_is() -> None:
    assert probabilities(Plugin([[0.25, 0.75]]), [SQUARE]).tolist() == [[0.25, 0.75]]


@pytest.mark.parametrize("answer", [[[np.nan, 1]], [[np.inf, 0]], [[1.0]], [0.5, 0.5], 1.0, []])
def test_no_figure_is_made_of_an_answer_that_is_none(answer: object) -> None:
    """A run with weights of NaN was measured: 13 % accuracy, always the first class."""
    with pytest.raises(ModelError, match=r"'plugin' returned .* expected \(1, 2\) finite numbers"):
        probabilities(Plugin(answer), [SQUARE])
    with pytest.raises(ModelError, match="finite numbers"):
        Recognizer("none", model=Plugin(answer)).image(SQUARE)
