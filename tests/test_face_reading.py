"""How pictures are batched is tested through ``Recognizer``, in ``test_pipeline``."""

from __future__ import annotations

from mien.face_reading import FaceReader
from mien.pipeline import Recognizer
from mien.types import COLUMNS, FRAME_COLUMNS


def test_frames_have_columns_of_their_own() -> None:
    recognizer = Recognizer("none")
    reader: FaceReader = recognizer._reader
    labels = recognizer.classifier.spec.labels
    assert reader.columns() == (*COLUMNS, *labels)
    assert reader.columns(frames=True) == (*FRAME_COLUMNS, *labels)
