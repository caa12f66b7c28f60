"""Every classifier's recipe learns from FER2013; small ones are exported and used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien.datasets.base import DatasetFacts
from mien.datasets.opening import open_dataset
from mien.datasets.samples import Sample
from mien.labels import FER2013
from mien.samples import ASTRONAUT
from mien.train.classification.config import ClassifierConfig
from mien.train.recipe import load_recipe, recipe_names
from tests.support.commands import mien

torch = pytest.importorskip("torch")

from mien.train.classification.classifier import TorchClassifier  # noqa: E402
from mien.train.trainer import train  # noqa: E402

RECIPES = [name for name in recipe_names() if isinstance(load_recipe(name), ClassifierConfig)]
STEPS = 2
BATCH = 8


class FirstPictures:
    """The first pictures of the real data set, read once, with its facts."""

    facts = DatasetFacts(name="fer2013", labels=FER2013)

    def __init__(self, path: Path) -> None:
        real = open_dataset(path, "fer2013")
        self.pictures = {
            split: list(islice(real.samples(split), count))
            for split, count in (("train", 90), ("public", BATCH))
        }

    def splits(self) -> tuple[str, ...]:
        return tuple(self.pictures)

    def samples(self, split: str) -> Iterator[Sample]:
        return iter(self.pictures[split])

    def skipped(self, split: str) -> dict[str, list[str]]:
        return {}


@pytest.fixture(scope="module")
def faces(material: Path) -> FirstPictures:
    return FirstPictures(material / "data" / "fer2013.zip")


def short(name: str, **keys: Any) -> dict[str, Any]:
    """Keys that reduce a recipe to two steps and keep the rest."""
    found: dict[str, Any] = {"epochs": 1, "batch_size": BATCH, "limit": STEPS * BATCH, **keys}
    found["min_steps_per_epoch"] = 0
    if load_recipe(name).architecture == "timm":
        pytest.importorskip("timm")
        found |= {"weights": None, "freeze_epochs": 0, "resize": 32, "input_size": 32}
        # Adam's two moments of 28 million weights would be most of what is written.
        found |= {"optimizer": "sgd", "momentum": 0.0}
    return found


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_learns_from_real_faces_and_answers(
    name: str, faces: FirstPictures, run: Path, tmp_path: Path
) -> None:
    keys = short(name)
    if load_recipe(name).needs_teacher:
        keys["teacher"] = str(run)
    if load_recipe(name).network_from_weights and load_recipe(name).weights is None:
        keys["weights"] = str(run)
    config = load_recipe(name, values=keys)
    (row,) = train(config, faces, tmp_path, device=torch.device("cpu"))
    assert 0 <= row["train_loss"] < 50 and 0 <= row["valid_accuracy"] <= 1
    stored = json.loads((tmp_path / "recipe.json").read_text())
    assert {key: stored[key] for key in keys} == keys
    classifier = TorchClassifier(tmp_path, device="cpu")
    assert classifier.spec.labels == FER2013
    probs = classifier.classify([sample.image for sample in faces.pictures["public"]])
    assert probs.shape == (BATCH, 7) and np.isfinite(probs).all()
    np.testing.assert_allclose(probs.sum(1), 1, rtol=1e-5)
    (tmp_path / "last.pt").unlink()  # of the large networks some hundred megabytes


@pytest.mark.parametrize("name", ["cnn3", "knn", "majority", "mlp", "unet"])
def test_a_small_recipe_goes_from_the_data_set_to_a_photo(
    name: str, faces: FirstPictures, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnxscript")
    run, model = tmp_path / "run", tmp_path / "model.onnx"
    train(load_recipe(name, values=short(name)), faces, run, device=torch.device("cpu"))
    assert mien("export", run, "--out", model) == 0
    capsys.readouterr()
    assert mien("analyze", ASTRONAUT, "--model", model, "--format", "json") == 0
    (result,) = json.loads(capsys.readouterr().out)
    (face,) = result["faces"]
    assert tuple(face["probs"]) == FER2013
    assert sum(face["probs"].values()) == pytest.approx(1, abs=1e-4)
