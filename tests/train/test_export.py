"""The kind of a run decides how it is exported; what each export writes has tests of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mien.errors import ConfigError, ModelFileError, OutputError
from tests.support.few_scenes import TINY

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from mien.train import checkpoint  # noqa: E402
from mien.train import export as exports  # noqa: E402
from mien.train.export import export  # noqa: E402


@pytest.fixture
def detector_run(tmp_path: Path) -> Path:
    folder = tmp_path / "detector"
    checkpoint.prepare(folder, TINY)
    state = {
        "config": TINY.to_dict(), "labels": ["face"], "epochs_done": 1, "ema_updates": 0,
        "model": {}, "ema": {}, "optimizer": {},
    }  # fmt: skip
    checkpoint.save(state, folder / checkpoint.CHECKPOINT)
    return folder


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    seen: list[tuple[str, dict[str, Any]]] = []
    for name in ("export_classifier", "export_detector"):
        monkeypatch.setattr(exports, name, lambda *_, called=name, **o: seen.append((called, o)))
    return seen


def test_a_classifiers_run_takes_every_option(run: Path, tmp_path: Path, calls: Any) -> None:
    options: dict[str, Any] = {
        "weights": "float32", "data": None, "calibrate": "data", "calibrate_split": "valid",
        "calibrate_run": "other", "temperature": None, "name": "n", "framing": {"margin": 0.2},
        "licence": "CC0", "card": {"room": "42"},
    }  # fmt: skip
    export(run, tmp_path / "m.onnx", **options)
    assert calls == [("export_classifier", options)]


def test_a_detectors_run_takes_those_of_both(
    detector_run: Path, tmp_path: Path, calls: Any
) -> None:
    options: dict[str, Any] = {
        "weights": "float32", "name": "n", "licence": "CC0", "card": {"room": "42"}
    }  # fmt: skip
    export(detector_run, tmp_path / "m.onnx", **options)
    assert calls == [("export_detector", options)]
    for wrong in (
        {"weights": "int8"},
        {"data": "x"},
        {"calibrate": "x"},
        {"temperature": 2.0},
        {"framing": {"align": True}},
    ):
        with pytest.raises(ConfigError, match="only for classifiers"):
            export(detector_run, tmp_path / "m.onnx", **wrong)
    assert len(calls) == 1


def test_a_wrong_place_is_reported_before_the_work(run: Path, tmp_path: Path, calls: Any) -> None:
    with pytest.raises(ConfigError, match=r"must end in \.onnx"):
        export(run, tmp_path / "m.pt")
    with pytest.raises(OutputError, match="there is no folder"):
        export(tmp_path / "no run", tmp_path / "none" / "m.onnx")
    with pytest.raises(ModelFileError, match="no checkpoint at"):
        export(tmp_path, tmp_path / "m.onnx")
    assert not calls
