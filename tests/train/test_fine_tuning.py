"""Real faces, from weights of every kind to a tuned model."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien.datasets.base import DatasetFacts
from mien.datasets.samples import Sample
from mien.errors import ConfigError
from mien.weights import DEFAULT
from tests.support import detector_models, fer2013, models, tiny
from tests.support.commands import mien

torch = pytest.importorskip("torch")

from mien.train.classification.classifier import (  # noqa: E402
    TorchClassifier,
    torch_logits,
)
from mien.train.classification.from_onnx import load_onnx  # noqa: E402
from mien.train.export import export  # noqa: E402
from mien.train.recipe import load_recipe  # noqa: E402
from mien.train.trainer import train  # noqa: E402

CPU = torch.device("cpu")


class Faces:
    """Real faces of the first two of ``labels``, by ``names`` of FER2013's folders."""

    def __init__(
        self, rows: Sequence[fer2013.Row], names: Sequence[str], labels: tuple[str, ...]
    ) -> None:
        self.facts = DatasetFacts(name="own", labels=labels)
        wanted = [fer2013.FOLDERS.index(name) for name in names]
        self.rows = [
            Sample(row.image, wanted.index(row.emotion), str(number))
            for number, row in enumerate(rows)
            if row.emotion in wanted
        ]

    def splits(self) -> tuple[str, ...]:
        return ("train",)

    def samples(self, split: str) -> Iterator[Sample]:
        return iter(self.rows)

    def skipped(self, split: str) -> dict[str, Sequence[str]]:
        return {}

    @property
    def images(self) -> list[Any]:
        return [sample.image for sample in self.rows]


@pytest.fixture(scope="module")
def two(fer2013_rows: list[fer2013.Row]) -> Faces:
    return Faces(fer2013_rows, ("neutral", "happy"), ("neutral", "happiness"))


@pytest.fixture(scope="module")
def small(two: Faces, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of a small network that knows the labels of ``two``."""
    folder = tmp_path_factory.mktemp("small") / "run"
    keys = {"resize": 24, "input_size": 24, "limit": None, "batch_size": 8, "valid_split": None}
    train(tiny.config(**keys), two, folder, device=CPU)
    return folder


def tune(data: Faces, out: Path, recipe: str = "fine_tune", **values: Any) -> list[str]:
    """Train without validation, which few faces do not allow; returns the notes."""
    notes: list[str] = []
    values = {"splits": "official", "valid_split": "", "epochs": 1, "batch_size": 4, **values}
    config = load_recipe(recipe, values={**values, "min_steps_per_epoch": 0})
    train(config, data, out, device=CPU, on_note=notes.append, resume=out.exists())
    return notes


def still(data: Faces, out: Path, weights: Path | str, recipe: str = "fine_tune") -> Any:
    """The logits after a step of no length: those of the start weights."""
    tune(data, out, recipe, weights=str(weights), lr=1e-9, ema=0.0, freeze_statistics=True)
    return TorchClassifier(out, "cpu").logits(data.images)


def test_labels_that_the_shipped_model_knows_keep_their_rows(two: Faces, tmp_path: Path) -> None:
    from mien.classifiers.onnx import OnnxClassifier

    notes = tune(two, tmp_path / "run", lr=1e-9, ema=0.0, freeze_statistics=True)
    assert "the last layer is kept for neutral, happiness, in this order" in notes
    shipped = OnnxClassifier(DEFAULT)
    rows = [shipped.spec.labels.index(label) for label in two.facts.labels]
    got = TorchClassifier(tmp_path / "run", "cpu")
    whole, _, spec, _ = load_onnx(DEFAULT)  # in float32: the file computes in 8 bits
    np.testing.assert_allclose(
        got.logits(two.images), torch_logits(whole, spec, two.images)[:, rows], atol=1e-3
    )
    stored = json.loads((tmp_path / "run" / "recipe.json").read_text())
    recipe = shipped.spec.card["recipe"]
    assert [stored[k] for k in ("input_size", "widths")] == [
        recipe[k] for k in ("input_size", "widths")
    ]
    assert stored["network_from_weights"] is False
    begun = got.spec.card["started_from"]
    assert begun["sha256"] == shipped.spec.sha256 and begun["name"] == "default"


def test_own_labels_are_learned_from_a_few_faces(
    fer2013_rows: list[fer2013.Row], tmp_path: Path
) -> None:
    own = Faces(fer2013_rows, ("sad", "happy"), ("gloomy", "cheerful"))
    assert "the last layer is new: it starts at random" in tune(own, tmp_path / "run", epochs=6)
    answers = TorchClassifier(tmp_path / "run", "cpu").logits(own.images).argmax(1)
    assert (answers == [sample.label for sample in own.rows]).mean() > 0.8


def test_a_run_its_checkpoint_and_its_file_are_the_same_start(
    two: Faces, small: Path, tmp_path: Path
) -> None:
    pytest.importorskip("onnxscript")
    expected = TorchClassifier(small, "cpu").logits(two.images)
    export(small, tmp_path / "small.onnx")
    for number, start in enumerate((small, small / "last.pt", tmp_path / "small.onnx")):
        got = still(two, tmp_path / f"from{number}", start)
        np.testing.assert_allclose(got, expected, atol=0.02)  # the file has weights of 16 bits
    probe = still(two, tmp_path / "probe", tmp_path / "small.onnx", "probe")
    np.testing.assert_allclose(probe, expected, atol=0.02)


def test_a_probe_changes_nothing_but_the_last_layer(
    two: Faces, small: Path, tmp_path: Path
) -> None:
    notes = tune(two, tmp_path / "probe", "probe", weights=str(small))
    assert any("only the last layer is trained" in note for note in notes)
    first, probe = (
        torch.load(run / "last.pt", weights_only=True)["ema"] for run in (small, tmp_path / "probe")
    )
    changed = {name for name, value in first.items() if not torch.equal(value, probe[name])}
    assert changed == {"head.weight", "head.bias"}


def test_a_run_goes_on_when_its_start_is_gone(two: Faces, small: Path, tmp_path: Path) -> None:
    shutil.copytree(small, tmp_path / "start")
    keys = {"weights": str(tmp_path / "start"), "layer_decay": 0.5, "schedule": "constant"}
    tune(two, tmp_path / "whole", epochs=2, **keys)
    half = tmp_path / "half"

    def stop(row: Any) -> None:
        raise KeyboardInterrupt

    config = load_recipe("fine_tune", values={
        "splits": "official", "valid_split": "", "epochs": 2, "batch_size": 4,
        "min_steps_per_epoch": 0, **keys,
    })  # fmt: skip
    with pytest.raises(KeyboardInterrupt):
        train(config, two, half, device=CPU, on_epoch=stop)
    shutil.rmtree(tmp_path / "start")
    train(config, two, half, device=CPU, resume=True)
    once, twice = (
        torch.load(tmp_path / run / "last.pt", weights_only=True) for run in ("whole", "half")
    )
    for name, value in once["ema"].items():
        assert torch.equal(value, twice["ema"][name]), name
    assert once["facts"]["started_from"] == twice["facts"]["started_from"]


def test_another_network_is_refused_with_what_differs(two: Faces, tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"do not fit the recipe 'cnn_stack'.*architecture = 'resnet'"
    ):
        tune(two, tmp_path / "run", "cnn_stack", weights="default", patience=0)
    with pytest.raises(ConfigError, match=r"sets input_size = 40 \(the weights: 44\)"):
        tune(two, tmp_path / "run", input_size=40)
    assert not (tmp_path / "run").exists()


def test_files_that_are_no_start_are_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], fer2013_rows: list[fer2013.Row]
) -> None:
    data = fer2013.write_csv(tmp_path / "fer2013.csv", fer2013_rows)
    models.tiny_classifier(tmp_path / "foreign.onnx", ("a", "b"), metadata={})
    models.tiny_classifier(tmp_path / "other.onnx", ("a", "b"))
    detector_models.tiny_detector(tmp_path / "detector.onnx")
    (tmp_path / "cut.onnx").write_bytes(DEFAULT.read_bytes()[:100_000])
    (tmp_path / "notes.pt").write_text("not weights")
    for name, expected in {
        "foreign.onnx": "has no Mien model spec",
        "other.onnx": "has no recipe in its card",
        "detector.onnx": "is a face detector",
        "cut.onnx": "cut.onnx",
        "notes.pt": "is not a checkpoint of 'mien train', or damaged",
        "missing": "no checkpoint at",
        "imagenet": "imagenet weights are for the architecture timm",
    }.items():
        weights = name if name == "imagenet" else tmp_path / name
        words = ("train", "fine_tune", "--data", data, "--dataset", "fer2013")
        assert mien(*words, "--out", tmp_path / "run", "--weights", weights) in (1, 2)
        printed = capsys.readouterr().err
        assert expected in printed and printed.count("\n") == 1, printed
    assert not (tmp_path / "run").exists()
