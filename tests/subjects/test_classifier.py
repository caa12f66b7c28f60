from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from mien.subjects.base import Settings
from mien.subjects.classifier import ClassifierSubject
from mien.subjects.measured_data import open_data
from mien.subjects.source import identify
from tests.support.fer2013 import Row, files, write_zip
from tests.support.models import tiny_classifier


def test_it_answers_as_its_settings_say(fer2013_rows: list[Row], tmp_path: Path) -> None:
    data = write_zip(tmp_path / "fer2013.zip", files(fer2013_rows))
    source = identify(str(tiny_classifier(tmp_path / "c.onnx").path))
    subject = ClassifierSubject.open(source, Settings(repeats_of="none"))
    measured = open_data(subject.source, subject.recipe, str(data), splits="random:80/20")
    calls: list[tuple[int, int]] = []
    found = subject.answer(measured, "public", lambda *at: calls.append(at))
    assert (found.split, found.splits, found.tta) == ("public", "random:80/20", False)
    assert found.repeats_of == "" and calls[-1] == (16, 16)
    assert subject.measure(found).n == 16 and subject.recognises(measured.divided)
    ten = dataclasses.replace(subject, settings=Settings(tta=True)).answer(measured, "public")
    assert ten.tta and ten.repeats_of == "train" and not np.array_equal(ten.probs, found.probs)


def test_a_run_keeps_answers_by_split_and_crops() -> None:
    kept = ClassifierSubject.kept_path
    assert kept(Path("run"), "valid", Settings()) == Path("run/predictions/valid.npz")
    ten = kept(Path("run"), "valid", Settings(tta=True))
    assert ten == Path("run/predictions/valid-tencrops.npz")
