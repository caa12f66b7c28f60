from __future__ import annotations

import errno
import math
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from mien.classifiers.onnx import OnnxClassifier
from mien.classifiers.probabilities import softmax
from mien.datasets.opening import open_dataset
from mien.datasets.samples import stack
from mien.errors import ModelError, OutputError
from mien.evaluation import metrics
from mien.preprocess.framing import FER2013_FRAMING
from mien.preprocess.network_input import network_input
from tests.support import tiny

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxscript")

from mien.registry import architectures  # noqa: E402
from mien.train import checkpoint  # noqa: E402
from mien.train.classification import export  # noqa: E402
from mien.train.classification.classifier import load_classifier_run  # noqa: E402
from mien.train.classification.export import ExportedClassifier, export_classifier  # noqa: E402
from mien.train.recipe import load_recipe  # noqa: E402


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write_csv(tmp_path_factory.mktemp("data") / "fer2013.csv")


@pytest.fixture(scope="module")
def float16(run: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> ExportedClassifier:
    out = tmp_path_factory.mktemp("float16") / "model.onnx"
    return export_classifier(
        run, out, calibrate=data, calibrate_split="public",
        card={"made_by": "a test", "room": "42"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def float32(run: Path, tmp_path_factory: pytest.TempPathFactory) -> ExportedClassifier:
    out = tmp_path_factory.mktemp("float32") / "model.onnx"
    return export_classifier(run, out, weights="float32", framing={"margin": 0.25}, name="other")


@pytest.fixture(autouse=True)
def the_graph_is_made_once(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """PyTorch's exporter takes seconds; what is around it can be tested with one graph."""
    if "float32" in request.fixturenames or "float16" in request.fixturenames:
        return
    ready = onnx.load(request.getfixturevalue("float32").path)
    monkeypatch.setattr(export, "to_onnx", lambda *_: ready)


@pytest.mark.parametrize("count", [1, 3, 65])
def test_the_file_answers_as_pytorch_does(
    run: Path, float32: ExportedClassifier, count: int
) -> None:
    crops = [sample.image for sample in tiny.Faces(count).samples("public")]
    net, *_ = load_classifier_run(run)
    with torch.inference_mode():
        expected = net(torch.from_numpy(network_input(crops, float32.spec))).numpy()
    got = OnnxClassifier(float32.path).logits(crops)
    np.testing.assert_allclose(got, expected, atol=1e-4)
    assert float32.difference < 1e-4


def test_float16_costs_little_accuracy_and_half_the_room(
    float16: ExportedClassifier, float32: ExportedClassifier
) -> None:
    crops = [sample.image for sample in tiny.Faces().samples("public")]
    got, exact = (OnnxClassifier(e.path).logits(crops) for e in (float16, float32))
    assert not np.array_equal(got, exact)
    # float16 rounds to 11 bits, and a dozen layers do not add up to more than a hundred such steps.
    assert np.abs(got - exact).max() <= 100 * 2**-11 * max(1.0, np.abs(exact).max())
    weights = [t for t in onnx.load(float32.path).graph.initializer if len(t.dims) > 1]
    saved = sum(2 * math.prod(t.dims) for t in weights)
    graphs = [size_without_metadata(e.path) for e in (float32, float16)]
    assert graphs[0] - graphs[1] > saved - 120 * len(weights)  # less one Cast for each


def size_without_metadata(path: Path) -> int:
    """Bytes of the file without its metadata."""
    model = onnx.load(path)
    del model.metadata_props[:]
    return int(model.ByteSize())


def test_the_default_network_fits_into_5_megabytes() -> None:
    net = architectures.get("resnet")(load_recipe("default"), 7)
    values = sum(p.numel() for p in net.parameters())
    folded = sum(p.numel() for p in net.parameters() if p.dim() == 1)
    assert 2 * (values - folded) + 4 * folded + 64_000 < 5_000_000  # graph and card: 64 kB


def test_the_graph_is_plain_and_old_enough(float16: ExportedClassifier) -> None:
    model = onnx.load(float16.path)
    onnx.checker.check_model(model, full_check=True)
    operators = {node.op_type for node in model.graph.node}
    assert not operators & {"BatchNormalization", "Dropout", "Identity"}  # folded, or gone
    stored = {t.data_type for t in model.graph.initializer if len(t.dims) > 1}
    assert stored == {onnx.TensorProto.FLOAT16}
    assert not any("auxiliary" in t.name for t in model.graph.initializer)
    assert [i.name for i in model.graph.input] == ["input"]
    assert [o.name for o in model.graph.output] == ["logits"]
    assert model.ir_version <= 8 and model.opset_import[0].version <= 18  # ONNX Runtime 1.17


def test_the_spec_reads_back_equal(
    float16: ExportedClassifier, float32: ExportedClassifier, run: Path
) -> None:
    for exported in (float16, float32):
        spec = OnnxClassifier(exported.path).spec
        assert spec == exported.spec
        assert exported.size == exported.path.stat().st_size
    spec, config = float16.spec, checkpoint.load(checkpoint.find(run))["config"]
    assert spec.name == "tiny" and spec.labels == tiny.Faces.facts.labels
    assert (spec.input_size, spec.resize) == (config["input_size"], config["resize"])
    assert {key: getattr(spec, key) for key in FER2013_FRAMING} == FER2013_FRAMING
    assert spec.card["recipe"] == config
    assert spec.card["seed"] == config["seed"]
    assert spec.card["torch"] == torch.__version__
    assert (spec.card["made_by"], spec.card["room"]) == ("a test", "42")
    assert spec.trained_on == "fer2013, split train (96 pictures), with FER+ votes"
    assert "FER2013" in spec.licence and spec.card["limits"] and spec.card["intended_use"]
    other = float32.spec
    assert (other.name, other.margin, other.offset) == ("other", 0.25, FER2013_FRAMING["offset"])
    assert other.temperature == 1.0 and other.scores == {}


def test_scores_and_temperature_are_the_files_own(float16: ExportedClassifier, data: Path) -> None:
    split = stack(open_dataset(data).samples("public"))
    classifier = OnnxClassifier(float16.path)
    logits, labels = classifier.logits(list(split.images)), split.labels
    probs = classifier.classify(list(split.images))
    scores = float16.spec.scores
    assert scores["public_accuracy"] == pytest.approx((logits.argmax(1) == labels).mean(), abs=1e-5)
    assert scores["public_ece"] == pytest.approx(metrics.ece(probs, labels), abs=1e-4)
    plain = softmax(logits)
    assert scores["public_ece_uncalibrated"] == pytest.approx(metrics.ece(plain, labels), abs=1e-4)
    assert 0 <= scores["public_ece_crossfit"] <= 1
    assert scores["public_nll"] == pytest.approx(metrics.nll(probs, labels), abs=1e-4)


def test_a_graph_with_other_logits_is_not_written(run: Path, tmp_path: Path) -> None:
    state = checkpoint.load(checkpoint.find(run))
    for key, value in state["ema"].items():
        if key == "head.weight":
            value += 1.0  # the run's weights are no longer those of the ready graph
    other = tmp_path / "run"
    other.mkdir()
    checkpoint.save(state, other / checkpoint.CHECKPOINT)
    with pytest.raises(ModelError, match=r"differs from PyTorch.*nothing was written"):
        export_classifier(other, tmp_path / "model.onnx", weights="float32")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_swapped_neighbours_are_tolerated() -> None:
    expected = np.random.default_rng(0).normal(size=(200, 7)).astype(np.float32)
    for changed, fits in ((2, True), (3, False)):
        got = expected + np.float32(1e-5)
        got[:changed] += 1
        if fits:
            assert export._check(got, expected, "float32", True) == pytest.approx(1e-5, rel=0.1)
        else:
            with pytest.raises(ModelError, match="differs"):
                export._check(got, expected, "float32", True)
        with pytest.raises(ModelError, match="differs"):
            export._check(got, expected, "float32", False)
    got[:] = np.nan
    with pytest.raises(ModelError, match="differs"):
        export._check(got, expected, "float32", True)


def test_a_full_disk_leaves_the_old_model(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        export_classifier(run, path, weights="float32")
    assert path.read_bytes() == b"old"


def test_made_up_pictures_look_like_photos() -> None:
    crops = export.made_up_crops()
    assert crops.dtype == np.uint8 and crops.shape[1:] == (96, 96, 3)
    for crop in crops:  # neighbours resemble each other, and there is light and dark
        grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(float)
        assert np.abs(np.diff(grey)).mean() < grey.std() / 2
    assert np.array_equal(crops, export.made_up_crops())
