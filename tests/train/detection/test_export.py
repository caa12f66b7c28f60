"""A random network is exported once; the file's boxes must match PyTorch's."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the 'train' extra")
onnx = pytest.importorskip("onnx", reason="needs the 'train' extra")
pytest.importorskip("onnxscript", reason="needs the 'train' extra")

from onnx import numpy_helper  # noqa: E402

from mien.detectors.onnx import OnnxDetector  # noqa: E402
from mien.errors import ModelError, ModelFileError, OutputError  # noqa: E402
from mien.media.images import read_image  # noqa: E402
from mien.preprocess.letterbox import letterbox  # noqa: E402
from mien.runtime import open_session  # noqa: E402
from mien.samples import ASTRONAUT  # noqa: E402
from mien.train import checkpoint  # noqa: E402
from mien.train.detection import export  # noqa: E402
from mien.train.detection.detector import load_detector_run  # noqa: E402
from mien.train.detection.network import build  # noqa: E402
from mien.train.metrics_file import METRICS, write_metrics  # noqa: E402
from tests.support.commands import mien  # noqa: E402
from tests.support.few_scenes import TINY  # noqa: E402

SCORE = "roi_heads.box_predictor.cls_score"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained run whose heads give different answers at every place."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    net = build(TINY)
    last = net.roi_heads.box_predictor
    for layer in (net.rpn.head.cls_logits, last.cls_score):
        torch.nn.init.normal_(layer.weight, std=0.3)
    for layer in (net.rpn.head.conv[0][0], net.rpn.head.bbox_pred, last.bbox_pred):
        torch.nn.init.normal_(layer.weight, std=0.05)
    for layer in net.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = None  # the statistics become those of the photo
    with torch.no_grad():
        photo = torch.from_numpy(read_image(ASTRONAUT)).permute(2, 0, 1)[None].float() / 255
        net.train().backbone(((photo - net.mean) / net.std).repeat(2, 1, 1, 1))
    folder = tmp_path_factory.mktemp("random") / "run"
    checkpoint.prepare(folder, TINY)
    write_metrics(folder / METRICS, [{"epoch": 1, "valid_ap50": 0.25, "valid_recall": 0.5}])
    state = {
        "config": TINY.to_dict(), "labels": ["face"], "epochs_done": 1, "ema_updates": 0,
        "model": {}, "ema": net.state_dict(), "optimizer": {},
        "facts": {"pictures": 9, "faces": 40, "weights_from": "scratch"},
    }  # fmt: skip
    checkpoint.save(state, folder / checkpoint.CHECKPOINT)
    return folder


@pytest.fixture(scope="module")
def graph(run: Path) -> Any:
    net, config, _ = load_detector_run(run)
    return export.to_onnx(net, config)


@pytest.fixture
def exported_once(graph: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exported once, because PyTorch's exporter takes half a minute."""
    monkeypatch.setattr(export, "to_onnx", lambda *_: copy.deepcopy(graph))


@pytest.mark.parametrize("size", [(96, 96), (32, 32), (64, 256), (192, 128), (320, 448)])
def test_the_graph_answers_as_pytorch_at_any_size(
    graph: Any, run: Path, tmp_path: Path, size: tuple[int, int]
) -> None:
    net, _, _ = load_detector_run(run)
    onnx.save(graph, tmp_path / "plain.onnx")
    session = open_session(tmp_path / "plain.onnx", threads=1)
    photo = np.ascontiguousarray(np.tile(read_image(ASTRONAUT), (1, 2, 1))[: size[0], : size[1]])
    boxes, scores = session.run(["boxes", "scores"], {"pixels": photo})
    with torch.no_grad():
        expected = net(torch.from_numpy(photo.transpose(2, 0, 1)[None]))[0]
    assert len(boxes) > 1 and np.ptp(scores) > 0.01
    np.testing.assert_allclose(scores, expected["scores"].numpy(), atol=1e-4)
    np.testing.assert_allclose(boxes, expected["boxes"].numpy(), atol=0.02)


def test_without_a_face_the_answer_is_empty(graph: Any, tmp_path: Path) -> None:
    blind = copy.deepcopy(graph)
    (bias,) = [t for t in blind.graph.initializer if t.name.endswith(f"{SCORE}.bias")]
    bias.CopyFrom(numpy_helper.from_array(np.array([90, -90], np.float32), bias.name))
    onnx.save(blind, tmp_path / "blind.onnx")
    session = open_session(tmp_path / "blind.onnx", threads=1)
    boxes, scores = session.run(["boxes", "scores"], {"pixels": np.zeros((64, 96, 3), np.uint8)})
    assert boxes.shape == (0, 4) and scores.shape == (0,)


@pytest.mark.usefixtures("exported_once")
@pytest.mark.parametrize("weights", ["float16", "float32"])
def test_a_run_becomes_a_detector_of_the_light_core(
    run: Path, tmp_path: Path, weights: str
) -> None:
    out = tmp_path / "faces.onnx"
    done = export.export_detector(run, out, weights=weights, name="mine", card={"room": "42"})
    assert done.boxes > 10 and done.pixels < (0.5 if weights == "float16" else 0.01)
    assert done.size == out.stat().st_size
    detector = OnnxDetector(model=out, score_threshold=0, threads=1)
    assert detector.spec == done.spec
    assert (done.spec.name, done.spec.short_side, done.spec.card["room"]) == ("mine", 96, "42")
    assert done.spec.trained_on == "coco, split train (9 pictures, 40 faces)"
    assert done.spec.scores == {"valid_ap50": 0.25, "valid_recall": 0.5}
    assert done.spec.card["recipe"] == TINY.to_dict()
    net, config, _ = load_detector_run(run)
    photo = read_image(ASTRONAUT)[:300, :500]
    boxes, scores = net.find(photo, config)
    faces = detector.detect(photo)
    near = 0.02 if weights == "float16" else 1e-4
    assert faces[0].score == pytest.approx(float(scores[0]), abs=near)
    assert faces[0].box.to_list() == pytest.approx(boxes[0].tolist(), abs=1)
    for tiny in (photo[:1, :1], photo[100:117, 200:221]):  # smaller than the stride
        assert isinstance(detector.detect(np.ascontiguousarray(tiny)), list)


@pytest.mark.usefixtures("exported_once")
def test_float16_halves_the_file(run: Path, tmp_path: Path) -> None:
    sizes = [
        export.export_detector(run, tmp_path / "m.onnx", weights=weights).size
        for weights in ("float16", "float32")
    ]
    assert 0.45 < sizes[0] / sizes[1] < 0.6


def test_a_graph_that_answers_otherwise_is_not_written(
    run: Path, graph: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = copy.deepcopy(graph)
    (bias,) = [t for t in other.graph.initializer if t.name.endswith(f"{SCORE}.bias")]
    values = numpy_helper.to_array(bias) + np.array([0, 0.5], np.float32)
    bias.CopyFrom(numpy_helper.from_array(values, bias.name))
    monkeypatch.setattr(export, "to_onnx", lambda *_: other)
    with pytest.raises(ModelError, match="finds other faces than PyTorch: "):
        export.export_detector(run, tmp_path / "m.onnx")
    assert not any(tmp_path.iterdir())


def test_what_cannot_be_written_or_read_is_refused_first(run: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no folder"):
        export.export_detector(run, tmp_path / "none" / "m.onnx")
    with pytest.raises(ModelFileError, match="no checkpoint"):
        export.export_detector(tmp_path, tmp_path / "m.onnx")


@pytest.mark.usefixtures("exported_once")
def test_an_unsure_network_is_exported_too(
    run: Path, graph: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """What float16 changes is reported; boxes that PyTorch does not find cannot be compared."""

    def shaken(model: Any) -> None:
        (bias,) = [t for t in model.graph.initializer if t.name.endswith(f"{SCORE}.bias")]
        values = numpy_helper.to_array(bias) + np.array([0, 0.5], np.float32)
        bias.CopyFrom(numpy_helper.from_array(values, bias.name))

    monkeypatch.setattr(export, "store_float16", shaken)
    assert mien("export", run, "--out", tmp_path / "m.onnx") == 0
    assert "uncertain boxes: --weights float32 keeps them" in capsys.readouterr().out
    assert mien("export", run, "--out", tmp_path / "m.onnx", "--weights", "float32") == 0
    assert "uncertain" not in capsys.readouterr().out
    monkeypatch.setattr(export, "_compared", lambda *_: (0, 0.0, 0.0, 0))
    assert mien("export", run, "--out", tmp_path / "m.onnx") == 0
    assert "finds nothing on the test photos" in capsys.readouterr().out


@pytest.mark.usefixtures("exported_once")
def test_on_the_command_line(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "faces.onnx"
    assert mien("export", run, "--out", out) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{out}: {out.stat().st_size / 1e6:.2f} MB, float16 weights"
    assert "boxes in PyTorch" in lines[1]
    assert lines[2] == "valid_ap50 0.2500, valid_recall 0.5000"
    assert lines[3] == f"next: mien analyze PHOTO --detector {out}"
    assert mien("export", run, "--out", out, "--margin", 0.3) == 2
    printed = capsys.readouterr().err
    assert "for classifiers" in printed and printed.count("\n") == 1


def test_the_input_is_what_letterbox_gives(graph: Any) -> None:
    (given,) = graph.graph.input
    pixels, _ = letterbox(read_image(ASTRONAUT), 96, 160)
    assert given.name == "pixels" and len(given.type.tensor_type.shape.dim) == pixels.ndim
    sizes = [d.dim_value for d in given.type.tensor_type.shape.dim]
    assert sizes == [0, 0, 3]  # the first two are any
