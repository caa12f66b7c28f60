from __future__ import annotations

from pathlib import Path

import pytest

from mien.errors import ModelSpecError
from mien.runtime import open_session
from mien.specs.identify import kind_of, refuse_other
from tests.support.detector_models import tiny_detector
from tests.support.models import tiny_classifier


def test_the_kind_of_a_file(tmp_path: Path, shared: Path) -> None:
    tiny_detector(tmp_path / "d.onnx")
    tiny_detector(tmp_path / "bare.onnx", metadata={})
    files = {
        "detector": tmp_path / "d.onnx",
        "classifier": tiny_classifier(tmp_path / "c.onnx").path,
        "yunet": shared / "weights" / "yunet_n_320_320.onnx",
        "unknown": tmp_path / "bare.onnx",
    }
    assert {name: kind_of(open_session(path), path) for name, path in files.items()} == {
        name: name for name in files
    }


def test_another_kind_is_refused_with_its_use(tmp_path: Path) -> None:
    tiny_detector(tmp_path / "d.onnx")
    tiny_detector(tmp_path / "bare.onnx", metadata={})
    session = open_session(tmp_path / "d.onnx")
    refuse_other(session, "detector", "d.onnx")
    refuse_other(open_session(tmp_path / "bare.onnx"), "detector", "bare.onnx")
    with pytest.raises(ModelSpecError, match=r"^d\.onnx is a face detector: .*'--detector d\.on"):
        refuse_other(session, "classifier", "d.onnx")
