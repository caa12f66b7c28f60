from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import mien
from mien.errors import DatasetError, UnknownNameError
from mien.labelling.pictures import Pictures
from mien.labelling.suggestions import TOP, load_suggestions
from mien.labels import FERPLUS
from tests.support import sample
from tests.support.labelling import write_faces


def test_it_is_what_analyze_says_of_the_crop(tmp_path: Path) -> None:
    for number in range(3):
        sample.crop(number, 96).save(tmp_path / f"{number}.png")
    sample.crop(3, 96).resize((60, 96)).save(tmp_path / "3.png")  # not square
    suggestions = load_suggestions("default", FERPLUS)
    assert suggestions is not None
    recognizer = mien.Recognizer("none")
    for number in range(4):
        said = suggestions.of(Pictures(tmp_path), f"{number}.png")
        emotions = recognizer.image(tmp_path / f"{number}.png")[0].emotions
        assert said.label == emotions.top and len(said.ranked) == TOP
        for label, probability in said.ranked:
            assert probability == pytest.approx(emotions[label], abs=1e-5)
        assert np.all(np.diff([p for _, p in said.ranked]) <= 0)


def test_none_and_models_of_other_labels(tmp_path: Path) -> None:
    assert load_suggestions("none", FERPLUS) is None
    assert load_suggestions("default", ("bored", "pain")) is None
    assert load_suggestions("default", ("bored", "fear")) is not None
    with pytest.raises(UnknownNameError, match=r"or give an \.onnx file, or none"):
        load_suggestions("defualt", FERPLUS)


def test_a_picture_that_is_gone(tmp_path: Path) -> None:
    pictures = Pictures(write_faces(tmp_path, 2))
    (tmp_path / "visit0" / "00.png").unlink()
    suggestions = load_suggestions("default", FERPLUS)
    assert suggestions is not None
    with pytest.raises(DatasetError):
        suggestions.of(pictures, "visit0/00.png")
