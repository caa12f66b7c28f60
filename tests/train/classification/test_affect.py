"""Valence and arousal from a table of AffectNet's form to a reading, on real faces."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mien.classifiers.base import AffectClassifier, Classifier
from mien.classifiers.onnx import OnnxClassifier
from mien.datasets.opening import open_dataset
from mien.errors import ConfigError, ModelFileError
from mien.evaluation.classification.measures import measure
from mien.evaluation.classification.predict import predict
from mien.evaluation.classification.predictions import Predictions
from mien.labels import AFFECTNET8
from mien.media.images import read_image
from mien.pipeline import analyze
from mien.preprocess.network_input import ten_crops
from mien.samples import ASTRONAUT
from tests.support import sample
from tests.support.affectnet_trees import Entry, jpeg, write_full
from tests.support.commands import mien

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxscript")

from mien.train.classification import export  # noqa: E402
from mien.train.classification.classifier import (  # noqa: E402
    TorchClassifier,
    load_classifier_run,
)
from mien.train.recipe import load_recipe  # noqa: E402
from mien.train.trainer import train  # noqa: E402

CPU = torch.device("cpu")
RECIPE = """
description = "A network for tests."
dataset = "affectnet"
valid_split = "valid"
architecture = "mlp"
widths = [48]
resize = 16
input_size = 16
epochs = 12
batch_size = 16
lr = 0.05
ema = 0.5
rotation = 0.0
scale = 0.0
shift = 0.0
flip = false
erasing = 0.0
dropout = 0.0
affect_weight = 1.0
"""


def faces(count: int, first: int) -> list[Entry]:
    """Real faces in half and full light; valence is the light, made up, and arousal is chance."""
    rng = np.random.default_rng(first)
    entries = []
    for number in range(first, first + count):
        light = rng.uniform(0.3, 1)
        face = (np.asarray(sample.crop(number, 40)) * light).astype(np.uint8)
        valence = round(2 * (light - 0.65), 3) if number % 5 else -2  # -2: not annotated
        arousal = round(float(rng.uniform(-0.9, 0.9)), 3) if number % 5 else -2
        entries.append(Entry(jpeg(face), (0, 0, 40, 40), number % 8, valence, arousal))
    return entries


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tables = {"training.csv": faces(96, 0), "validation.csv": faces(40, 96)}
    return write_full(tmp_path_factory.mktemp("affectnet"), tables)


@pytest.fixture(scope="module")
def runs(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("runs")
    (place / "both.toml").write_text(RECIPE)
    (place / "alone.toml").write_text(RECIPE + "label_weight = 0.0\n")
    for name in ("both", "alone"):
        config = load_recipe(str(place / f"{name}.toml"))
        train(config, open_dataset(data, "affectnet"), place / name, device=CPU)
    return {name: place / name for name in ("both", "alone")}


@pytest.fixture(scope="module")
def file(runs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("file") / "affect.onnx"
    exported = export.export_classifier(runs["both"], out)
    assert exported.spec.affect and exported.affect_difference is not None
    assert exported.affect_difference < 0.02
    return out


def crops(data: Path) -> list[np.ndarray]:
    return [each.image for each in open_dataset(data, "affectnet").samples("valid")]


def test_the_file_estimates_as_pytorch_does(runs: dict[str, Path], file: Path, data: Path) -> None:
    pictures = crops(data)
    exact, stored = TorchClassifier(runs["both"], "cpu"), OnnxClassifier(file)
    assert isinstance(stored, AffectClassifier) and isinstance(exact, AffectClassifier)
    assert exact.spec.affect and stored.spec.affect
    graph = onnx.load(file).graph
    assert [node.name for node in graph.output] == ["logits", "affect"]
    assert any(t.data_type == onnx.TensorProto.FLOAT16 for t in graph.initializer)
    expected, got = exact.classify_affect(pictures), stored.classify_affect(pictures)
    for a, b, shape in zip(expected, got, ((40, 8), (40, 2)), strict=True):
        assert a.shape == b.shape == shape and np.abs(a - b).max() < 0.01
    alone = np.concatenate([stored.classify_affect([picture])[1] for picture in pictures])
    np.testing.assert_allclose(alone, got[1], atol=1e-5)  # batches of any size
    np.testing.assert_array_equal(stored.classify(pictures), got[0])


def test_what_can_be_seen_is_learned_and_measured(
    runs: dict[str, Path], file: Path, data: Path, tmp_path: Path
) -> None:
    dataset = open_dataset(data, "affectnet")
    for model in (TorchClassifier(runs["both"], "cpu"), OnnxClassifier(file)):
        made = predict(model, dataset, "valid")
        scores = measure(made).affect
        assert scores["valence"].n == scores["arousal"].n == 32
        assert scores["valence"].ccc > 0.7 and abs(scores["arousal"].ccc) < 0.5
        row = json.loads((runs["both"] / "metrics.jsonl").read_text().splitlines()[-1])
        assert row["valid_valence_ccc"] == pytest.approx(scores["valence"].ccc, abs=0.02)
    made.save(tmp_path / "answers.npz")
    assert measure(Predictions.load(tmp_path / "answers.npz")).affect == scores
    # Ten crops: their mean, as for probabilities. Here no cut is left, so both mirror images.
    tta = predict(model, dataset, "valid", tta=True)
    views = ten_crops(np.stack([made_crop(p, model) for p in crops(data)]), model.spec)
    mean = np.mean([model.classify_affect(list(view))[1] for view in views], axis=0)
    assert tta.affect is not None
    np.testing.assert_allclose(tta.affect, mean, atol=1e-5)


def made_crop(picture: np.ndarray, model: Classifier) -> np.ndarray:
    from mien.preprocess.network_input import resize_crops

    return resize_crops([picture], model.spec)[0]


def test_alone_the_labels_do_not_touch_the_features(runs: dict[str, Path], data: Path) -> None:
    """Other labels, the same features: only the last layer may differ.

    Clipping would couple them, as it looks at the gradients of all weights together.
    """
    row = json.loads((runs["alone"] / "metrics.jsonl").read_text().splitlines()[-1])
    assert row["valid_valence_ccc"] > 0.7
    config = load_recipe(
        str(runs["alone"].with_suffix(".toml")), values={"epochs": 2, "grad_clip": 0.0}
    )

    class Turned:
        def __init__(self) -> None:
            self.inner = open_dataset(data, "affectnet")
            self.facts, self.splits, self.skipped = (
                self.inner.facts, self.inner.splits, self.inner.skipped,
            )  # fmt: skip

        def samples(self, split):  # type: ignore[no-untyped-def]
            for each in self.inner.samples(split):
                yield replace(each, label=7 - each.label)

    nets = []
    for number, dataset in enumerate((open_dataset(data, "affectnet"), Turned())):
        folder = runs["alone"].parent / f"turned{number}"
        train(config, dataset, folder, device=CPU)
        nets.append(load_classifier_run(folder)[0].state_dict())
    for name, value in nets[0].items():
        assert torch.equal(value, nets[1][name]) != name.startswith("head."), name


def test_readings_rows_and_tables_have_them(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["analyze", ASTRONAUT, "--model", file]
    assert mien(*command, "--format", "json") == 0
    face = json.loads(capsys.readouterr().out)[0]["faces"][0]
    assert -1 <= face["valence"] <= 1 and -1 <= face["arousal"] <= 1
    assert mien(*command, "--format", "csv") == 0
    (row,) = csv.DictReader(capsys.readouterr().out.splitlines())
    assert list(row)[-2:] == ["valence", "arousal"]  # after all that was there before
    assert float(row["valence"]) == face["valence"] and float(row["arousal"]) == face["arousal"]
    assert mien(*command, "--format", "table") == 0
    table = capsys.readouterr().out
    assert "Valence" in table and f"{face['valence']:+.2f}" in table
    assert mien("analyze", ASTRONAUT, "--format", "csv") == 0  # a model without them
    assert "valence" not in capsys.readouterr().out
    (mark,) = analyze(ASTRONAUT, model=str(file)).marks()  # what is drawn
    assert mark.affect == f"V {face['valence']:+.2f} A {face['arousal']:+.2f}"
    drawn = [tmp_path / "both", tmp_path / "plain"]
    for folder, model in zip(drawn, (file, "default"), strict=True):
        assert mien("analyze", ASTRONAUT, "--model", model, "--draw", folder, "--quiet") == 0
    pictures = [read_image(folder / "astronaut.jpg").astype(int) for folder in drawn]
    assert (np.abs(pictures[0] - pictures[1]) > 100).any()


def test_evaluate_shows_them(
    runs: dict[str, Path], data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    from mien.reports.classification import classification_report
    from mien.reports.figures.classification.evaluation import Material, classification_figures
    from mien.reports.figures.save import png
    from mien.reports.page import Origin

    command = ["evaluate", runs["both"], "--data", data, "--split", "valid"]
    assert mien(*command) == 0
    table = capsys.readouterr().out
    assert "CCC" in table and "arousal" in table
    assert mien(*command, "--json") == 0
    found = json.loads(capsys.readouterr().out)["affect"]
    assert f"{found['valence']['ccc']:.3f}" in table
    (kept,) = (runs["both"] / "predictions").iterdir()
    material = Material(made := Predictions.load(kept), measure(made))
    figures = dict(classification_figures(material))
    html = classification_report(
        material, TorchClassifier(runs["both"], "cpu").spec, Origin("mien", "run", "data"),
        {"affect": png(figures["affect"])},
    )  # fmt: skip
    assert '<section id="affect">' in html
    assert "Valence and arousal" in html and f"{found['valence']['ccc']:.3f}" in html


def test_a_spec_that_promises_too_much(file: Path, tmp_path: Path) -> None:
    model = onnx.load(file)
    del model.graph.output[1]
    onnx.save(model, tmp_path / "less.onnx")
    with pytest.raises(ModelFileError, match="no output 'affect', which the spec promises"):
        OnnxClassifier(tmp_path / "less.onnx")
    plain = OnnxClassifier(file)
    model = onnx.load(file)
    onnx.helper.set_model_props(model, replace(plain.spec, affect=False).to_metadata())
    onnx.save(model, tmp_path / "silent.onnx")
    with pytest.raises(ModelFileError, match="estimates no valence and arousal"):
        OnnxClassifier(tmp_path / "silent.onnx").classify_affect([np.zeros((16, 16), np.uint8)])


def test_settings_that_cannot_work() -> None:
    for keys, message in (
        ({"label_weight": 0.0}, "set affect_weight"),
        ({"label_weight": 0.0, "affect_weight": 1.0, "ferplus_weight": 1.0}, "ferplus_weight out"),
        ({"label_weight": -1.0}, "label_weight"),
    ):
        with pytest.raises(ConfigError, match=message):
            load_recipe("mlp", values=keys)


def test_the_labels_are_affectnets(file: Path) -> None:
    assert OnnxClassifier(file).spec.labels == AFFECTNET8
