from __future__ import annotations

from pathlib import Path

import pytest

from mien.errors import InputError
from mien.evaluation.classification.cost import Cost
from mien.registry import classifiers
from mien.subjects import cost
from mien.subjects.cost import classifier_cost
from mien.subjects.source import Source, identify
from tests.support.answers import answers

KNOWN = Cost(1000, 2_000_000, 0.5, 1.5, "a machine")


def test_costs_that_a_study_has_measured(tmp_path: Path) -> None:
    (tmp_path / "predictions").mkdir()
    answers().save(tmp_path / "predictions" / "public.npz")
    answers().save(tmp_path / "alone.npz")
    assert classifier_cost(identify(str(tmp_path / "alone.npz"))) == Cost()
    KNOWN.save(tmp_path / "cost.json")
    assert classifier_cost(identify(str(tmp_path))) == KNOWN
    assert classifier_cost(identify(str(tmp_path / "predictions" / "public.npz"))) == KNOWN
    (tmp_path / "cost.json").write_text("{")
    with pytest.raises(InputError, match=r"cost\.json"):
        classifier_cost(identify(str(tmp_path)))


def test_without_the_train_extra_a_note_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(extra: str, what: str, *modules: str) -> None:
        raise cost.MissingExtraError(what, extra)

    monkeypatch.setattr(cost, "require_extra", missing)
    assert "the costs of a network needs the 'train' extra" in (
        classifier_cost(identify("default")).note
    )


def test_a_classifier_that_is_not_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnxscript", reason="the 'train' extra brings onnxscript")
    monkeypatch.setitem(classifiers._factories, "made_up", lambda threads=None: object())
    found = classifier_cost(Source("made_up", "classifier", "name"))
    assert found == Cost(note="it is not an ONNX file, so its costs cannot be measured")
