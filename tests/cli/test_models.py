from __future__ import annotations

import json
from pathlib import Path

import pytest

from commands import mien
from mien import registry
from mien.detectors.base import DetectorFacts
from models import tiny_classifier

Output = pytest.CaptureFixture[str]


class Theirs:
    facts = DetectorFacts(name="theirs", summary="a method", landmarks=True)


def theirs() -> Theirs:
    """A factory, which has no ``facts`` of its own."""
    return Theirs()


def broken(**_: object) -> None:
    raise RuntimeError("no weights\nhere")


def test_one_that_is_broken_does_not_hide_the_rest(
    monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    for table in (registry.detectors, registry.classifiers):
        for name in table.names():
            table.get(name)  # a built-in first imported below would be forgotten with the patch
    detectors = {**registry.detectors._factories, "theirs": theirs, "torn": broken}
    classifiers = {**registry.classifiers._factories, "torn": broken, "default": broken}
    monkeypatch.setattr(registry.detectors, "_factories", detectors)
    monkeypatch.setattr(registry.classifiers, "_factories", classifiers)
    assert mien("models", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    found = {row["name"]: row for row in listed["detectors"]}
    assert found["theirs"]["method"] == "a method" and found["theirs"]["landmarks"] == "five"
    assert found["torn"]["method"] == "broken: no weights here"
    assert not found["mtcnn"]["method"].startswith("broken")
    assert {row["labels"] for row in listed["classifiers"]} == {"broken: no weights here"}
    assert mien("models") == 0
    assert capsys.readouterr().out.count("broken: no weights here") == 3


def test_a_card_as_json_wherever_the_option_stands(tmp_path: Path, capsys: Output) -> None:
    path = tiny_classifier(tmp_path / "tiny.onnx").path
    assert mien("models", "show", path, "--json") == 0
    card = json.loads(capsys.readouterr().out)
    assert card["name"] == "tiny"
    assert mien("models", "--json", "show", path) == 0
    assert json.loads(capsys.readouterr().out) == card
