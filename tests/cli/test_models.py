from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from mien import registry
from mien.detectors.base import DetectorFacts
from tests.support.commands import mien
from tests.support.detector_models import tiny_detector
from tests.support.models import tiny_classifier

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


def test_a_detector_without_its_file_is_listed_with_what_it_needs(capsys: Output) -> None:
    assert mien("models", "--json") == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["detectors"]}
    assert set(rows) == set(registry.detectors.names())
    assert rows["yunet"]["ready"] == rows["mtcnn"]["ready"] == rows["none"]["ready"] == "yes"
    assert rows["faster_rcnn"]["ready"].startswith("needs model=FILE")
    haar = registry.detectors.get("haar").facts.needs
    assert rows["haar"]["ready"] == (f"needs {haar}" if haar else "yes")
    assert not any(row["method"].startswith("broken") for row in rows.values())


def test_the_card_of_a_detectors_file(tmp_path: Path, capsys: Output) -> None:
    path = tmp_path / "d.onnx"
    spec = tiny_detector(path, scores={"valid_ap50": 0.75}, card={"limits": ["upright", "large"]})
    assert mien("models", "show", path, "--json") == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(asdict(spec)))
    assert mien("models", "show", path) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert {"short side 64", "valid ap50 0.75", "limits upright, large"} <= set(lines)


def test_the_card_of_a_registered_detector_has_its_options(capsys: Output) -> None:
    assert mien("models", "show", "yunet", "--json") == 0
    card = json.loads(capsys.readouterr().out)
    assert card["name"] == "yunet" and card["landmarks"] is True
    assert card["options"]["model"] is None and card["options"]["score_threshold"] == 0.7
    assert mien("models", "show", "mtcnn") == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "min_face_size= 32" in lines and "thresholds= 0.9,0.6,0.74" in lines


def test_a_card_that_cannot_be_read(tmp_path: Path, capsys: Output) -> None:
    bare = tmp_path / "bare.onnx"
    tiny_detector(bare, metadata={})
    for name, status, words in (
        ("mtcn", 2, "did you mean 'mtcnn'"),
        (tmp_path / "none.onnx", 1, "does not exist"),
        (bare, 1, "has no Mien model spec"),
    ):
        assert mien("models", "show", name) == status
        said = capsys.readouterr().err
        assert words in said and len(said.splitlines()) == 1


def test_a_card_as_json_with_the_option_in_either_place(tmp_path: Path, capsys: Output) -> None:
    path = tiny_classifier(tmp_path / "tiny.onnx").path
    assert mien("models", "show", path, "--json") == 0
    card = json.loads(capsys.readouterr().out)
    assert card["name"] == "tiny"
    assert mien("models", "--json", "show", path) == 0
    assert json.loads(capsys.readouterr().out) == card
