from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from mien.errors import ModelFileError, UnknownNameError
from mien.subjects.source import identify
from tests.support.answers import answers
from tests.support.detections import made_up
from tests.support.detector_models import tiny_detector
from tests.support.models import tiny_classifier, training_run


def test_names_come_before_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("default", "mtcnn"):
        Path(name).mkdir()
    assert (identify("default").kind, identify("default").form) == ("classifier", "name")
    assert (identify("mtcnn").kind, identify("mtcnn").form) == ("detector", "name")
    assert identify("mtcnn").folder is None and identify("mtcnn").session is None


def test_an_onnx_file_is_opened_once_to_tell_its_kind(tmp_path: Path) -> None:
    classifier = identify(str(tiny_classifier(tmp_path / "c.onnx").path), threads=1)
    tiny_detector(tmp_path / "d.ONNX", name="d")
    detector = identify(str(tmp_path / "d.ONNX"))
    assert (classifier.kind, classifier.form) == ("classifier", "file")
    assert (detector.kind, detector.form) == ("detector", "file")
    assert classifier.session is not None and detector.session is not None


def test_saved_answers(tmp_path: Path) -> None:
    answers().save(tmp_path / "p.npz")
    made_up(0).save(tmp_path / "d.npz")
    for name, kind in (("p", "classifier"), ("d", "detector"), ("missing", "classifier")):
        source = identify(str(tmp_path / f"{name}.npz"))
        assert (source.kind, source.form) == (kind, "answers")


@pytest.mark.parametrize(("task", "kind"), [("detection", "detector"), (None, "classifier")])
def test_a_run_by_its_recipe_needs_no_pytorch(task: str | None, kind: str, tmp_path: Path) -> None:
    recipe = {"name": "x", "splits": "random:90/10", **({"task": task} if task else {})}
    (tmp_path / "recipe.json").write_text(json.dumps(recipe))
    for text in (tmp_path, tmp_path / "last.pt"):
        source = identify(str(text))
        assert (source.kind, source.form) == (kind, "run") and source.stored_recipe == recipe
    assert identify(str(tmp_path)).folder == tmp_path
    assert identify(str(tmp_path / "last.pt")).folder is None


@pytest.mark.parametrize("content", [None, "", "[1]", "{"])
def test_a_run_without_a_readable_recipe_by_its_checkpoint(
    content: str | None, tmp_path: Path
) -> None:
    pytest.importorskip("torch", reason="the 'train' extra brings PyTorch")
    run, _ = training_run(tmp_path / "run")
    if content is not None:
        (run / "recipe.json").write_text(content)
    source = identify(str(run))
    assert (source.kind, source.stored_recipe) == ("classifier", {})
    (run / "last.pt").write_bytes(b"damaged")
    with pytest.raises(ModelFileError, match=r"last\.pt"):
        identify(str(run))


def test_what_is_neither_a_name_nor_a_file(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="unknown model 'mtcn': did you mean 'mtcnn'"):
        identify("mtcn")
    for text in ("x" * 300, "\0"):
        with pytest.raises(UnknownNameError):
            identify(text)
    (tmp_path / "photo.jpg").write_bytes(b"")
    assert identify(str(tmp_path / "photo.jpg")).kind == "classifier"  # loading it says more
    assert identify(f"nowhere{os.sep}x.onnx").session is None
