from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mien.classifiers.onnx import OnnxClassifier
from mien.errors import ConfigError, ModelError, ModelFileError
from tests.support import tiny
from tests.support.runs import train

torch = pytest.importorskip("torch")

from mien.train import checkpoint  # noqa: E402
from mien.train.classification import export  # noqa: E402
from mien.train.classification.classifier import (  # noqa: E402
    TorchClassifier,
    load_classifier_run,
)
from mien.train.classification.compress import Compressed, compress  # noqa: E402
from mien.train.classification.export import (  # noqa: E402
    LEAST_AGREEMENT,
    export_classifier,
    made_up_crops,
)
from mien.train.classification.measure_cost import run_cost  # noqa: E402

WIDE: dict[str, Any] = {"widths": [32, 48], "blocks": [1, 1], "dataset": "fer2013"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write_csv(tmp_path_factory.mktemp("data") / "fer2013.csv")


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wide")
    train(tiny.config(**WIDE), folder)
    return folder


@pytest.fixture(scope="module")
def made(wide: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Compressed:
    steps: list[tuple[int, int | None]] = []
    out = tmp_path_factory.mktemp("made") / "run"
    found = compress(wide, data, out, 5e6, pictures=64, on_choice=lambda *s: steps.append(s))
    assert steps[-1] == (len(steps), len(steps))
    return found


def test_the_new_run_costs_what_it_may_and_answers_alike(made: Compressed, wide: Path) -> None:
    before, after = run_cost(wide), run_cost(made.path)
    assert made.macs == (before.macs, after.macs)
    assert made.parameters == (before.parameters, after.parameters)
    assert made.macs[1] <= 5e6 < made.macs[0]
    _, config, _ = load_classifier_run(made.path)
    assert config.ranks == made.ranks and any(given for _, given in made.ranks)
    assert made.divergence < 0.1 and made.agreement > 0.8
    crops = list(made_up_crops(16))
    own, small = (TorchClassifier(run).classify(crops) for run in (wide, made.path))
    assert np.abs(own - small).max() < 0.2


def test_its_file_answers_as_the_run(made: Compressed, tmp_path: Path) -> None:
    export_classifier(made.path, tmp_path / "m.onnx")
    crops = list(made_up_crops(4))
    file = OnnxClassifier(tmp_path / "m.onnx")
    np.testing.assert_allclose(
        file.logits(crops), TorchClassifier(made.path).logits(crops), atol=0.02
    )
    assert "compressed_from" in file.spec.card


def test_a_larger_budget_changes_the_answers_less(
    made: Compressed, wide: Path, data: Path, tmp_path: Path
) -> None:
    more = compress(wide, data, tmp_path / "more", made.macs[0] - 1, pictures=64)
    assert more.divergence < made.divergence
    assert made.macs[1] < more.macs[1] < more.macs[0]


def test_the_original_teaches_it(made: Compressed, wide: Path, data: Path, tmp_path: Path) -> None:
    from mien.datasets.opening import open_dataset
    from mien.train.recipe import load_recipe
    from mien.train.trainer import train as run

    config = load_recipe("compressed", ["epochs=1", "batch_size=32", "weak_epochs=0"], {
        "weights": str(made.path), "teacher": str(wide), "precision": "fp32",
    })  # fmt: skip
    rows = run(config, open_dataset(data), tmp_path / "tuned", device=torch.device("cpu"))
    assert len(rows) == 1
    _, tuned, state = load_classifier_run(tmp_path / "tuned")
    assert tuned.ranks == made.ranks
    assert state["facts"]["started_from"]["name"] == "tiny_low_rank"


def test_the_recipe_needs_weights(wide: Path, data: Path, tmp_path: Path) -> None:
    from mien.datasets.opening import open_dataset
    from mien.train.recipe import load_recipe
    from mien.train.trainer import train as run

    config = load_recipe("compressed", ["batch_size=32"], {"teacher": str(wide)})
    with pytest.raises(ConfigError, match=r"takes its network from .*: give them with --weights"):
        run(config, open_dataset(data), tmp_path / "tuned", device=torch.device("cpu"))


@pytest.mark.parametrize(("keys", "reason"), [
    ({"architecture": "mlp", "widths": [8]}, "is a mlp: only the architecture resnet"),
    ({**WIDE, "ranks": [[0, 16], [0, 0], [0, 0], [0, 0]]}, "has low ranks already"),
])  # fmt: skip
def test_other_networks_are_refused(keys: Any, reason: str, data: Path, tmp_path: Path) -> None:
    train(tiny.config(**{"dataset": "fer2013", **keys}), tmp_path / "run")
    with pytest.raises(ConfigError, match=reason):
        compress(tmp_path / "run", data, tmp_path / "out", 1e6)
    assert not (tmp_path / "out").exists()


def test_too_few_multiply_adds_and_an_existing_run_are_refused(
    made: Compressed, wide: Path, data: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=r"as 10,000 multiply-adds: [\d,]+ are the fewest"):
        compress(wide, data, tmp_path / "out", 1e4, pictures=8)
    assert not (tmp_path / "out").exists()
    with pytest.raises(ConfigError, match=r"needs [\d,]+ multiply-adds, no more than --macs"):
        compress(wide, data, tmp_path / "out", made.macs[0], pictures=8)
    assert not (tmp_path / "out").exists()
    with pytest.raises(ConfigError, match="1 picture: half choose and half measure"):
        compress(wide, data, tmp_path / "out", 5e6, pictures=1)
    with pytest.raises(ConfigError, match="contains a run already"):
        compress(wide, data, made.path, 5e6)


def test_data_of_other_labels_are_refused(tmp_path: Path) -> None:
    free = {"dataset": "folder", "dataset_options": ["labels=free"]}
    train(tiny.config(**{**WIDE, **free}), tmp_path / "run")
    photos = tmp_path / "photos"
    for label in ("calm", "cross"):
        (photos / "train" / label).mkdir(parents=True)
        for i in range(3):
            Image.new("L", (48, 48), 40 * i).save(photos / "train" / label / f"{i}.png")
    with pytest.raises(ConfigError, match=r"labels calm, cross, the run anger.*was trained on"):
        compress(tmp_path / "run", photos, tmp_path / "out", 5e6)


def test_the_ranks_of_another_run_can_be_taken(
    made: Compressed, wide: Path, data: Path, tmp_path: Path
) -> None:
    found = compress(wide, data, tmp_path / "like", like=made.path, pictures=64)
    assert (found.ranks, found.macs) == (made.ranks, made.macs)
    assert found.divergence == pytest.approx(made.divergence)
    with pytest.raises(ConfigError, match="has no low ranks"):
        compress(wide, data, tmp_path / "out", like=wide)
    train(tiny.config(**{**WIDE, "widths": [32, 32]}), tmp_path / "narrow")
    with pytest.raises(ConfigError, match="is another network: its widths differ"):
        compress(tmp_path / "narrow", data, tmp_path / "out", like=made.path)
    with pytest.raises(ConfigError, match="one of them, not both"):
        compress(wide, data, tmp_path / "out", 5e6, like=made.path)


def test_a_file_of_8_bits_answers_nearly_as_the_run_and_comes_back(
    made: Compressed, data: Path, tmp_path: Path
) -> None:
    from mien.train.classification.from_onnx import load_onnx

    found = export_classifier(made.path, tmp_path / "m.onnx", weights="int8", data=data)
    assert 0 < found.difference < 0.2
    assert found.agreement is not None and found.agreement >= LEAST_AGREEMENT
    assert export_classifier(made.path, tmp_path / "half.onnx").agreement is None
    crops = list(made_up_crops(8))
    file, half = (OnnxClassifier(tmp_path / name) for name in ("m.onnx", "half.onnx"))
    assert np.abs(file.classify(crops) - half.classify(crops)).max() < 0.05
    net, config, _, folded = load_onnx(tmp_path / "m.onnx")
    assert config.ranks == made.ranks and not folded
    own = load_classifier_run(made.path)[0].state_dict()
    for name, value in net.state_dict().items():
        if value.ndim == 4:
            step = own[name].abs().amax((1, 2, 3)) / 63  # 7 bits, one scale for each channel
            lost = (value - own[name]).abs().amax((1, 2, 3))
            assert (lost <= step).all(), name


def test_8_bits_that_answer_otherwise_are_refused(
    made: Compressed, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ranges of flat pictures cut off what the activations of others say."""
    real = export.quantized
    monkeypatch.setattr(export, "quantized", lambda model, x: real(model, 0 * x))
    with pytest.raises(ModelError, match=r"8 bits change the first answer for \d+% of \d+ train"):
        export_classifier(made.path, tmp_path / "m.onnx", weights="int8", data=data)
    assert not (tmp_path / "m.onnx").exists()


@pytest.mark.parametrize("keys", [{"weights": "int8"}, {"data": "fer2013.csv"}])
def test_8_bits_and_the_training_data_come_together(
    keys: Any, made: Compressed, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=r"--weights int8 and --data PATH.* come together"):
        export_classifier(made.path, tmp_path / "m.onnx", **keys)


def test_a_run_that_divided_its_data_is_tuned_on_the_same_part(data: Path, tmp_path: Path) -> None:
    divided = {"splits": "random:80/20", "valid_split": "valid", "batch_size": 16}
    train(tiny.config(**{**WIDE, **divided}), tmp_path / "run")
    made = compress(tmp_path / "run", data, tmp_path / "small", 5e6, pictures=8)
    told = " ".join(made.options)
    assert told == "--dataset fer2013 --set splits=random:80/20 --set valid_split=valid"


def test_one_picture_and_weights_that_are_no_numbers_are_refused(
    wide: Path, data: Path, tmp_path: Path
) -> None:
    lines = data.read_text().splitlines(keepends=True)
    rows = [line for line in lines[1:] if "Training" in line][:1]
    one = tmp_path / "fer2013.csv"
    one.write_text("".join([lines[0], *rows, *(x for x in lines if "PublicTest" in x)]))
    with pytest.raises(ConfigError, match="1 training picture: 2 or more are needed"):
        compress(wide, one, tmp_path / "out", 5e6)
    state = checkpoint.load(checkpoint.find(wide))
    state["ema"]["head.weight"][0, 0] = float("nan")
    (tmp_path / "nan").mkdir()
    checkpoint.save(state, tmp_path / "nan" / checkpoint.CHECKPOINT)
    with pytest.raises(ModelFileError, match="has weights that are not finite"):
        compress(tmp_path / "nan", data, tmp_path / "out", 5e6)
    with pytest.raises(ModelFileError, match="has weights that are not finite"):
        export_classifier(tmp_path / "nan", tmp_path / "m.onnx", weights="int8", data=data)
    assert not (tmp_path / "out").exists() and not (tmp_path / "m.onnx").exists()
