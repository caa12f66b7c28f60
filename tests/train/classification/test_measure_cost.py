from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import tiny

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from mien.classifiers.onnx import DEFAULT, OnnxClassifier  # noqa: E402
from mien.errors import ModelError  # noqa: E402
from mien.labels import FER2013  # noqa: E402
from mien.specs.classifier import ModelSpec  # noqa: E402
from mien.train.classification import measure_cost  # noqa: E402
from mien.train.classification.from_onnx import load_onnx  # noqa: E402
from mien.train.trainer import train  # noqa: E402
from tests.support.models import tiny_classifier  # noqa: E402


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure_cost, "SECONDS", 0.0)


def test_parameters_and_macs_are_those_of_the_formulas() -> None:
    net = torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3, padding=1, stride=2),  # 16 → 8
        torch.nn.Conv2d(8, 8, 3, padding=1, groups=8),
        torch.nn.BatchNorm2d(8),
        torch.nn.Flatten(),
        torch.nn.Linear(8 * 8 * 8, 7),
    )
    spec = ModelSpec("m", FER2013, 16, channels=3, mean=(0.0,) * 3, std=(1.0,) * 3)
    measured = measure_cost.network_cost(net.eval(), spec)
    assert measured.parameters == (8 * 3 * 9 + 8) + (8 * 9 + 8) + 2 * 8 + (512 * 7 + 7)
    assert measured.macs == 8 * 8 * 8 * 3 * 9 + 8 * 8 * 8 * 9 + 512 * 7


def test_a_run_is_exported_and_timed(run: Path, tmp_path: Path) -> None:
    measured = measure_cost.run_cost(run, tmp_path / "kept.onnx")
    size = (tmp_path / "kept.onnx").stat().st_size
    assert measured.megabytes == pytest.approx(size / 1e6, abs=1e-3)
    assert measured.ms_per_face is not None and measured.ms_per_face > 0
    assert measured.hardware and not measured.note
    assert OnnxClassifier(tmp_path / "kept.onnx").spec.name == "tiny"
    # The file knows its recipe, but has no auxiliary head: the costs of the network that answers.
    again = measure_cost.file_cost(tmp_path / "kept.onnx")
    assert (again.parameters, again.macs) == (measured.parameters, measured.macs)


def test_what_cannot_be_exported_says_why(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ModelError("it has no graph")

    monkeypatch.setattr(measure_cost, "export_classifier", refuse)
    measured = measure_cost.run_cost(run)
    assert measured.note == "it has no graph"
    assert (
        measured.parameters and measured.macs and measured.megabytes is None is measured.ms_per_face
    )


def test_a_foreign_file_has_costs_but_no_parameters(tmp_path: Path) -> None:
    measured = measure_cost.file_cost(tiny_classifier(tmp_path / "m.onnx").path)
    assert measured.parameters is None is measured.macs and "no recipe" in measured.note
    assert measured.megabytes and measured.ms_per_face


def test_the_file_of_a_network_that_stores_pictures_has_costs(tmp_path: Path) -> None:
    knn = tiny.config(architecture="knn", valid_split=None)
    train(knn, tiny.Faces(40), tmp_path / "knn")
    measure_cost.run_cost(tmp_path / "knn", tmp_path / "knn.onnx")
    measured = measure_cost.file_cost(tmp_path / "knn.onnx")
    assert measured.megabytes and measured.ms_per_face
    assert measured.parameters is None and "only from its run" in measured.note


def test_the_shipped_model_is_known() -> None:
    net, *_ = load_onnx(DEFAULT)
    measured = measure_cost.file_cost(DEFAULT)
    assert measured.parameters == sum(p.numel() for p in net.parameters()) and not measured.note
