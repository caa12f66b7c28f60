from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien.errors import ConfigError, ModelFileError
from tests.support import tiny
from tests.support.runs import equal, state, train

torch = pytest.importorskip("torch")

from mien.train import checkpoint  # noqa: E402
from mien.train.classification.average import average  # noqa: E402
from mien.train.classification.classifier import (  # noqa: E402
    TorchClassifier,
    load_classifier_run,
)
from mien.train.classification.export import export_classifier, made_up_crops  # noqa: E402
from mien.train.model_card import STARTED  # noqa: E402


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run, and what more training made of it."""
    place = tmp_path_factory.mktemp("runs")
    train(tiny.config(epochs=1), place / "first")
    train(tiny.config(epochs=1, weights=str(place / "first"), seed=1), place / "tuned")
    return place / "first", place / "tuned"


def test_every_weight_is_the_mean(runs: tuple[Path, Path], tmp_path: Path) -> None:
    assert average(runs, tmp_path / "out", [1, 3]) == (0.25, 0.75)
    made, (first, tuned) = state(tmp_path / "out")["ema"], [state(run)["ema"] for run in runs]
    assert {k for k in made if k.startswith(("stem", "stages", "head"))} == made.keys()
    for name, value in made.items():
        if value.is_floating_point():
            expected = 0.25 * first[name].numpy() + 0.75 * tuned[name].numpy()
            np.testing.assert_allclose(value.numpy(), expected, rtol=1e-5, atol=1e-7)
        else:
            assert torch.equal(value, first[name])


@pytest.mark.parametrize(("shares", "number"), [([2, 0], 0), ([0, 0.5], 1)])
def test_a_share_of_all_gives_that_network(
    runs: tuple[Path, Path], shares: list[float], number: int, tmp_path: Path
) -> None:
    average(runs, tmp_path / "out", shares)
    crops = list(made_up_crops(4))
    got, expected = (TorchClassifier(run).logits(crops) for run in (tmp_path / "out", runs[number]))
    np.testing.assert_allclose(got, expected, atol=1e-5)


def test_all_count_alike_and_the_card_says_of_what(runs: tuple[Path, Path], tmp_path: Path) -> None:
    assert average([*runs, runs[0]], tmp_path / "a") == pytest.approx((1 / 3,) * 3)
    average(runs, tmp_path / "b", [2, 1])
    a, b = state(tmp_path / "a"), state(tmp_path / "b")
    for name, value in a["ema"].items():
        torch.testing.assert_close(value, b["ema"][name], rtol=1e-5, atol=1e-7)
    made = TorchClassifier(tmp_path / "b").spec
    hashes = [TorchClassifier(run).spec.sha256 for run in runs]
    assert made.card["averaged"] == f"0.6667 of {hashes[0]}, 0.3333 of {hashes[1]}"
    assert made.name == "tiny_average"
    assert not equal(a, b)


@pytest.mark.parametrize(("shares", "reason"), [
    ([1], "1 shares for 2 runs: give one for each"),
    ([0, 0], "the shares are 0, 0: give numbers of 0 or more, not all 0"),
    ([2, -1], "the shares are 2, -1"), ([1, float("nan")], "the shares are 1, nan"),
    ([1, float("inf")], "the shares are 1, inf"),
])  # fmt: skip
def test_shares_that_mean_nothing(
    runs: tuple[Path, Path], shares: list[float], reason: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=reason):
        average(runs, tmp_path / "out", shares)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("keys", "reason"), [
    ({"widths": [4, 8, 8, 8]}, r"are other networks: their widths differ"),
    ({"architecture": "knn"}, "has no weights to average"),
])  # fmt: skip
def test_other_networks_are_refused(
    runs: tuple[Path, Path], keys: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    train(tiny.config(epochs=1, **keys), tmp_path / "other")
    with pytest.raises(ConfigError, match=reason):
        average([tmp_path / "other", runs[0]], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_other_outputs_and_labels_are_refused(
    runs: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(tiny.config(epochs=1, affect_weight=1.0), tmp_path / "affect", data=tiny.Affect())
    with pytest.raises(ConfigError, match="have other outputs: only one of them learned valence"):
        average([tmp_path / "affect", runs[0]], tmp_path / "out")
    facts = tiny.Faces.facts
    monkeypatch.setattr(tiny.Faces, "facts", replace(facts, labels=facts.labels[::-1]))
    train(tiny.config(epochs=1), tmp_path / "labels")
    with pytest.raises(ConfigError, match="only runs of the same labels can be averaged"):
        average([runs[0], tmp_path / "labels"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_huge_shares_are_shares(runs: tuple[Path, Path], tmp_path: Path) -> None:
    assert average(runs, tmp_path / "out", [1e308, 1e308]) == (0.5, 0.5)


def test_what_one_held_back_another_may_have_learned_from(
    runs: tuple[Path, Path], tmp_path: Path
) -> None:
    divided = {"splits": "random:80/20", "valid_split": "valid", "batch_size": 16}
    train(tiny.config(epochs=1, **divided), tmp_path / "part")
    average([tmp_path / "part", runs[0]], tmp_path / "out")
    with pytest.raises(ConfigError, match="held back no part"):
        export_classifier(
            tmp_path / "out", tmp_path / "m.onnx", calibrate=tiny.write_csv(tmp_path / "fer.csv")
        )
    exported = export_classifier(tmp_path / "out", tmp_path / "m.onnx")
    both = exported.spec.trained_on
    assert "split train of random:80/20" in both and "split train (" in both
    average([tmp_path / "part", tmp_path / "part"], tmp_path / "alike")
    made = export_classifier(tmp_path / "alike", tmp_path / "n.onnx")
    assert STARTED not in made.spec.trained_on


def test_weights_that_are_no_numbers_are_refused(runs: tuple[Path, Path], tmp_path: Path) -> None:
    damaged = state(runs[0])
    damaged["ema"]["head.weight"][0, 0] = float("inf")
    (tmp_path / "inf").mkdir()
    checkpoint.save(damaged, tmp_path / "inf" / checkpoint.CHECKPOINT)
    with pytest.raises(ModelFileError, match="has weights that are not finite: train it again"):
        average([runs[1], tmp_path / "inf"], tmp_path / "out", [1, 0])


def test_it_is_not_resumed(runs: tuple[Path, Path], tmp_path: Path) -> None:
    average(runs, tmp_path / "out")
    config = load_classifier_run(tmp_path / "out")[1]
    with pytest.raises(ConfigError, match="was not trained but made, by 'mien average'"):
        train(config, tmp_path / "out", resume=True)


def test_one_run_and_a_folder_that_is_used(runs: tuple[Path, Path]) -> None:
    with pytest.raises(ConfigError, match="1 run: give two or more"):
        average(runs[:1], "out")
    with pytest.raises(ConfigError, match="contains a run already"):
        average(runs, runs[1])
