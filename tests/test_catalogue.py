"""What the library knows of detectors and classifiers; tests/cli/test_models.py prints it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from mien import registry
from mien.catalogue import Broken, card, classifier_specs, detector_facts, detector_states
from mien.detectors.base import DetectorFacts
from mien.errors import ModelFileError, UnknownNameError
from mien.specs.classifier import ModelSpec
from tests.support.detector_models import tiny_detector
from tests.support.models import tiny_classifier


def torn(**_: object) -> None:
    raise RuntimeError("no weights\nhere")


@pytest.fixture
def with_torn(monkeypatch: pytest.MonkeyPatch) -> None:
    for table in (registry.detectors, registry.classifiers):
        for name in table.names():
            table.get(name)  # a built-in first imported below would be forgotten with the patch
        monkeypatch.setattr(table, "_factories", {**table._factories, "torn": torn})


def test_facts_and_specs() -> None:
    facts, specs = detector_facts(), classifier_specs()
    assert list(facts) == registry.detectors.names()
    assert all(isinstance(fact, DetectorFacts) and fact.name == n for n, fact in facts.items())
    assert isinstance(specs["default"], ModelSpec)


@pytest.mark.usefixtures("with_torn")
def test_a_broken_one_has_its_reason_beside_the_rest() -> None:
    broken = Broken("no weights here")
    assert detector_facts()["torn"] == classifier_specs()["torn"] == broken
    assert detector_states()["torn"] == str(broken) == "broken: no weights here"
    assert isinstance(detector_facts()["mtcnn"], DetectorFacts)


def test_states() -> None:
    states = detector_states()
    assert states["yunet"] == states["mtcnn"] == states["none"] == "works"


def test_cards(tmp_path: Path) -> None:
    spec = tiny_detector(tmp_path / "d.onnx", scores={"valid_ap50": 0.75})
    classifier = tiny_classifier(tmp_path / "c.onnx")
    assert card(str(tmp_path / "d.onnx")) == asdict(spec)
    assert card(str(classifier.path)) == asdict(classifier.spec)
    assert card("default")["name"] == "default"
    mtcnn: dict[str, Any] = card("mtcnn")
    assert mtcnn["licence"] == "MIT" and mtcnn["options"]["min_face_size"] == 32
    with pytest.raises(UnknownNameError, match=r"unknown model 'mtcn': did you mean 'mtcnn'\?"):
        card("mtcn")
    with pytest.raises(ModelFileError, match=r"is a folder.*mien export .* --out FILE.onnx"):
        card(str(tmp_path))
