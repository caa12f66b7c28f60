"""How pictures are batched is tested through ``Recognizer``, in ``test_pipeline``."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import nullcontext

import numpy as np
import pytest

from mien.classifiers.base import load_classifier
from mien.face_reading import BATCH_PICTURES, FaceReader
from mien.media.video.reader import Frame
from mien.pipeline import Recognizer
from mien.types import COLUMNS, FRAME_COLUMNS


def test_frames_have_columns_of_their_own() -> None:
    recognizer = Recognizer("none")
    reader: FaceReader = recognizer._reader
    labels = recognizer.classifier.spec.labels
    assert reader.columns() == (*COLUMNS, *labels)
    assert reader.columns(frames=True) == (*FRAME_COLUMNS, *labels)


class Slow:
    """A classifier that does not answer before ``go``, and fails from the ``last`` face on."""

    def __init__(self, go: threading.Event, last: int) -> None:
        self._real = load_classifier("default")
        self.spec, self._go, self._left = self._real.spec, go, last

    def logits(self, crops: Sequence[np.ndarray]) -> np.ndarray:
        return self._real.logits(crops)

    def classify(self, crops: Sequence[np.ndarray]) -> np.ndarray:
        assert self._go.wait(20), "the next frames wait for the answers"
        if len(crops) > self._left:
            raise OSError("no more answers")
        self._left -= len(crops)
        return self._real.classify(crops)


def frames(count: int, go: threading.Event) -> Iterator[Frame]:
    """``go`` is set when the first batch is complete and one more frame is taken."""
    for index in range(count):
        if index == BATCH_PICTURES:
            go.set()
        yield Frame(np.full((8, 8, 3), index, np.uint8), index, index / 10)


@pytest.mark.parametrize("last", [1000, 2 * BATCH_PICTURES + 3])
def test_frames_come_while_others_are_classified(last: int) -> None:
    before, go, came = threading.active_count(), threading.Event(), []
    recognizer = Recognizer("none", Slow(go, last))
    count = 3 * BATCH_PICTURES
    with pytest.raises(OSError, match="no more") if last < count else nullcontext():
        came.extend(result.frame_index for result in recognizer.watch(frames(count, go)))
    assert came == list(range(min(last, count)))
    assert threading.active_count() == before


def test_results_come_before_the_error_of_the_source() -> None:
    def source() -> Iterator[Frame]:
        yield from frames(BATCH_PICTURES + 5, threading.Event())
        raise OSError("no more frames")

    came = []
    with pytest.raises(OSError, match="no more"):
        came.extend(result.frame_index for result in Recognizer("none").watch(source()))
    assert came == list(range(BATCH_PICTURES + 5))
