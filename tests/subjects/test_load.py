from __future__ import annotations

from pathlib import Path

import pytest

import mien.detectors.onnx
import mien.subjects.source
from mien.errors import ConfigError, ModelError, ModelSpecError
from mien.subjects.base import Settings
from mien.subjects.classifier import ClassifierSubject
from mien.subjects.detector import DetectorSubject
from mien.subjects.load import open_subject, subject_type
from mien.subjects.source import identify
from tests.support.answers import answers
from tests.support.detector_models import tiny_detector
from tests.support.models import tiny_classifier


def test_each_kind_is_opened_as_its_subject(tmp_path: Path) -> None:
    tiny_detector(tmp_path / "d.onnx", name="d")
    tiny_classifier(tmp_path / "c.onnx", name="c")
    for name, subject in (
        ("default", ClassifierSubject), ("none", DetectorSubject),
        (tmp_path / "c.onnx", ClassifierSubject), (tmp_path / "d.onnx", DetectorSubject),
    ):  # fmt: skip
        opened = open_subject(identify(str(name)), Settings())
        assert type(opened) is subject and subject_type(opened.kind, Settings()) is subject
        assert opened.source.text == str(name) and opened.epochs() == ()
        assert opened.recipe == opened.card.get("recipe", {})


def test_an_onnx_file_is_opened_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_detector(tmp_path / "d.onnx", name="d")
    opened, open_session = [], mien.subjects.source.open_session

    def counted(path: object, threads: int | None = None, device: str | None = None) -> object:
        opened.append(threads)
        return open_session(path, threads=threads, device=device)

    monkeypatch.setattr(mien.subjects.source, "open_session", counted)
    monkeypatch.setattr(mien.detectors.onnx, "open_session", counted)
    settings = Settings(threads=1, detector_options=("score_threshold=0.3",))
    subject = open_subject(identify(str(tmp_path / "d.onnx"), threads=1), settings)
    assert isinstance(subject, DetectorSubject) and subject.threshold == 0.3 and opened == [1]
    # An option for threads is stronger, as it is everywhere.
    settings = Settings(threads=1, detector_options=("threads=2",))
    open_subject(identify(str(tmp_path / "d.onnx"), threads=1), settings)
    assert opened == [1, 1, 2]


def test_saved_answers_are_not_a_model(tmp_path: Path) -> None:
    answers().save(tmp_path / "p.npz")
    with pytest.raises(ConfigError, match=r"p\.npz is a file of answers, not a model"):
        open_subject(identify(str(tmp_path / "p.npz")), Settings())


def test_what_cannot_be_used_says_so(tmp_path: Path, shared: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"not a model")
    with pytest.raises(ModelError, match=r"photo\.jpg"):
        open_subject(identify(str(tmp_path / "photo.jpg")), Settings())
    yunet = identify(str(shared / "weights" / "yunet_n_320_320.onnx"))
    assert yunet.kind == "detector"
    with pytest.raises(ModelSpecError, match="--detector-option model="):
        open_subject(yunet, Settings())
    tiny_detector(tmp_path / "d.onnx", name="d")
    with pytest.raises(ConfigError, match="unknown option 'model'"):
        settings = Settings(detector_options=("model=x.onnx",))
        open_subject(identify(str(tmp_path / "d.onnx")), settings)
