from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from mien.train.classification.config import ClassifierConfig  # noqa: E402
from mien.train.classification.notes import notes_about  # noqa: E402


class Split(SimpleNamespace):
    """What notes ask of a split of 100 pictures."""

    def __len__(self) -> int:
        return 100


@pytest.mark.parametrize("labels", [("pain",), ("pain", "bored")])
def test_a_single_label_is_said(labels: tuple[str, ...]) -> None:
    numbers = torch.arange(100) % len(labels)
    split: Any = Split(no_face=0, dropped=0, missing=(), unreadable=(), labels=numbers)
    notes = notes_about(ClassifierConfig(name="x"), labels, split, None)
    assert any("'pain' is the only label" in note for note in notes) == (len(labels) == 1)
