from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import mien.classifiers.onnx
from mien.classifiers.base import load_classifier
from mien.classifiers.onnx import BATCH, OnnxClassifier
from mien.classifiers.probabilities import softmax
from mien.errors import ModelFileError, ModelSpecError, UnknownNameError
from mien.preprocess.network_input import network_input
from tests.support.models import tiny_classifier


def crops(n: int, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 256, (side, side, 3), np.uint8) for side in rng.integers(20, 90, n)]


def test_logits_and_probabilities_by_hand(tmp_path: Path) -> None:
    tiny = tiny_classifier(tmp_path / "tiny.onnx", temperature=2.5)
    classifier = OnnxClassifier(tmp_path / "tiny.onnx")
    pictures = crops(5)
    logits = tiny.logits(network_input(pictures, tiny.spec))
    np.testing.assert_allclose(classifier.logits(pictures), logits, rtol=1e-3, atol=1e-3)
    exponent = np.exp(logits / 2.5)
    expected = exponent / exponent.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(classifier.classify(pictures), expected, atol=1e-4)


def test_a_batch_gives_the_same_as_single_faces(tmp_path: Path) -> None:
    tiny_classifier(tmp_path / "tiny.onnx")
    classifier = OnnxClassifier(tmp_path / "tiny.onnx")
    pictures = crops(2 * BATCH + 3)
    alone = np.concatenate([classifier.classify([picture]) for picture in pictures])
    np.testing.assert_allclose(classifier.classify(pictures), alone, atol=1e-5)
    assert classifier.classify([]).shape == (0, 7)


def test_colour_and_any_size(tmp_path: Path) -> None:
    tiny = tiny_classifier(
        tmp_path / "rgb.onnx", ("a", "b", "c"), channels=3, input_size=20, resize=None
    )
    pictures = crops(3)
    found = load_classifier(tmp_path / "rgb.onnx").logits(pictures)
    expected = tiny.logits(network_input(pictures, tiny.spec))
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


def test_a_file_without_a_spec(tmp_path: Path) -> None:
    tiny_classifier(tmp_path / "bare.onnx", metadata={"author": "somebody"})
    with pytest.raises(ModelSpecError, match=r"bare\.onnx has no Mien model spec"):
        load_classifier(tmp_path / "bare.onnx")


def test_a_damaged_spec(tmp_path: Path) -> None:
    for index, text in enumerate(("{", "[]", '{"name": "x"}', "null")):
        path = tmp_path / f"{index}.onnx"
        tiny_classifier(path, metadata={"mien": text})
        with pytest.raises(ModelSpecError, match="damaged model spec"):
            load_classifier(path)


def test_a_spec_that_does_not_fit_its_network(tmp_path: Path) -> None:
    right = tiny_classifier(tmp_path / "right.onnx", ("a", "b", "c"))
    wrong = right.spec.to_metadata()["mien"].replace('["a", "b", "c"]', '["a", "b"]')
    tiny_classifier(tmp_path / "wrong.onnx", ("a", "b", "c"), metadata={"mien": wrong})
    with pytest.raises(ModelFileError, match=r"output is \[3\], the spec says \[2\]"):
        load_classifier(tmp_path / "wrong.onnx")


@pytest.mark.parametrize("batch", [1025, 1_000_000_000, 2**40])
def test_a_network_that_wants_too_many_faces_at_once(tmp_path: Path, batch: int) -> None:
    tiny_classifier(tmp_path / "fixed.onnx", batch=batch)
    with pytest.raises(ModelFileError, match=f"exactly {batch} faces in a call, more than 1024"):
        OnnxClassifier(tmp_path / "fixed.onnx")


def test_large_inputs_are_classified_few_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_classifier(tmp_path / "tiny.onnx")
    expected = OnnxClassifier(tmp_path / "tiny.onnx").classify(crops(5))
    monkeypatch.setattr(mien.classifiers.onnx, "MOST_VALUES", 2 * 48 * 48)
    classifier = OnnxClassifier(tmp_path / "tiny.onnx")
    batches = []
    run = classifier._run
    monkeypatch.setattr(classifier, "_run", lambda x, w: batches.append(len(x)) or run(x, w))
    np.testing.assert_allclose(classifier.classify(crops(5)), expected, atol=1e-5)
    assert batches == [2, 2, 1]


@pytest.mark.parametrize("temperature", [0.01, 100])
def test_probabilities_of_huge_logits_are_finite(temperature: float) -> None:
    logits = np.array([[3e38, -3e38, 0], [1e30, 1e30, -1e30], [0, 1e-30, 0]], np.float32)
    probs = softmax(logits, temperature)
    assert probs.dtype == np.float32 and np.isfinite(probs).all()
    np.testing.assert_allclose(probs, [[1, 0, 0], [0.5, 0.5, 0], [1 / 3] * 3], atol=1e-7)


@pytest.mark.parametrize("batch", [1, 4])
def test_a_network_whose_batch_is_fixed(tmp_path: Path, batch: int) -> None:
    fixed = tiny_classifier(tmp_path / "fixed.onnx", batch=batch)
    pictures = crops(7)
    found = load_classifier(fixed.path).logits(pictures)
    expected = fixed.logits(network_input(pictures, fixed.spec))
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


def test_outputs_that_are_not_finite(tmp_path: Path) -> None:
    tiny_classifier(tmp_path / "nan.onnx", bias=np.full(7, np.nan))
    with pytest.raises(
        ModelFileError, match=r"nan\.onnx returned values .* finite numbers: export"
    ):
        load_classifier(tmp_path / "nan.onnx").classify(crops(2))


def test_a_network_of_another_type(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper

    spec = tiny_classifier(tmp_path / "t.onnx", ("a",), input_size=2, resize=None).spec
    graph = helper.make_graph(
        [helper.make_node("ReduceMean", ["x"], ["y"], axes=[2, 3], keepdims=0)],
        "double",
        [helper.make_tensor_value_info("x", TensorProto.DOUBLE, ["N", 1, 2, 2])],
        [helper.make_tensor_value_info("y", TensorProto.DOUBLE, ["N", 1])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, spec.to_metadata())
    onnx.save(model, str(tmp_path / "double.onnx"))
    with pytest.raises(ModelFileError, match=r"input is tensor\(double\), not tensor\(float\)"):
        load_classifier(tmp_path / "double.onnx")


def test_names_come_before_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "default").write_text("no model")
    assert load_classifier("default").spec.name == "default"
    with pytest.raises(UnknownNameError):
        load_classifier("x" * 300)


def test_a_foreign_network(tmp_path: Path) -> None:
    """A detector's network is ONNX but not a classifier."""
    from mien.detectors.mtcnn.detector import WEIGHTS

    with pytest.raises(ModelSpecError, match=r"pnet\.onnx"):
        load_classifier(WEIGHTS / "pnet.onnx")


@pytest.mark.parametrize("content", [b"", b"no model", bytes(range(256)) * 40])
def test_a_broken_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=r"broken\.onnx") as error:
        load_classifier(path)
    assert "\n" not in str(error.value)


def test_a_file_cut_short(tmp_path: Path) -> None:
    tiny = tiny_classifier(tmp_path / "whole.onnx")
    cut = tmp_path / "cut.onnx"
    cut.write_bytes(tiny.path.read_bytes()[:-500])
    with pytest.raises((ModelFileError, ModelSpecError)):
        load_classifier(cut)


def test_an_unknown_name() -> None:
    with pytest.raises(UnknownNameError, match="default"):
        load_classifier("resnet")


def test_the_shipped_file_is_small_and_has_its_facts() -> None:
    from mien.classifiers.onnx import DEFAULT
    from mien.labels import FER2013

    spec = load_classifier("default").spec
    assert DEFAULT.stat().st_size <= 5_000_000
    assert spec.labels == FER2013
    assert spec.trained_on
    assert spec.licence
    assert {"data", "split", "seed", "limits", "intended_use"} <= set(spec.card)


def test_the_shipped_file_reaches_its_accuracy(shared: Path) -> None:
    """66 % of every third picture of PublicTest, single crop, from the file itself."""
    from mien.datasets.opening import open_dataset
    from mien.datasets.samples import stack

    split = stack(open_dataset(shared / "data" / "fer2013.zip").samples("public"))
    predicted = load_classifier("default").logits(list(split.images[::3])).argmax(axis=1)
    assert (predicted == split.labels[::3]).mean() >= 0.66
