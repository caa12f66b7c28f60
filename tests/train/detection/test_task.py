from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the 'train' extra")

from mien.errors import ConfigError, TrainingError  # noqa: E402
from mien.train import checkpoint  # noqa: E402
from mien.train.detection.batches import Scenes, batches  # noqa: E402
from mien.train.detection.network import build  # noqa: E402
from mien.train.metrics_file import METRICS, read_metrics  # noqa: E402
from mien.train.trainer import train  # noqa: E402
from tests.support.few_scenes import TINY, Few  # noqa: E402

CPU = torch.device("cpu")


def weights(run: Path, kind: str = "ema") -> dict[str, Any]:
    return checkpoint.load(run / checkpoint.CHECKPOINT)[kind]


@pytest.fixture(scope="module")
def finished(material: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    run = tmp_path_factory.mktemp("detector") / "run"
    train(TINY, Few(material), run, device=CPU)
    return run


def test_a_run_leaves_recipe_metrics_and_checkpoint(finished: Path) -> None:
    assert json.loads((finished / "recipe.json").read_text())["task"] == "detection"
    rows = read_metrics(finished / METRICS)
    assert [row["epoch"] for row in rows] == [1, 2]
    parts = ("loss_objectness", "loss_rpn_box_reg", "loss_classifier", "loss_box_reg")
    for row in rows:
        assert row["train_loss"] == pytest.approx(sum(row[p] for p in parts), abs=1e-3)
        assert 0 <= row["valid_ap50"] <= row["valid_recall"] <= 1
    state = checkpoint.load(finished / checkpoint.CHECKPOINT)
    assert state["epochs_done"] == 2
    assert state["facts"]["pictures"] == 9
    assert state["facts"]["faces"] > 9


def test_a_killed_and_resumed_run_has_the_same_weights(
    finished: Path, material: Path, tmp_path: Path
) -> None:
    class KilledError(Exception):
        pass

    def kill(row: dict[str, Any]) -> None:
        raise KilledError

    with pytest.raises(KilledError):
        train(TINY, Few(material), tmp_path / "run", device=CPU, on_epoch=kill)
    rows = train(TINY, Few(material), tmp_path / "run", device=CPU, resume=True)
    assert [row["epoch"] for row in rows] == [1, 2]
    expected = weights(finished)
    assert all(torch.equal(v, expected[k]) for k, v in weights(tmp_path / "run").items())


def test_the_average_is_of_the_weights(finished: Path) -> None:
    """After four steps with a decay of a half the average is near the last weights."""
    last, average = weights(finished, "model"), weights(finished)
    name = "rpn.head.cls_logits.weight"
    assert not torch.equal(last[name], average[name])
    assert float((last[name] - average[name]).abs().max()) < 4 * TINY.lr


def test_the_average_has_statistics_of_its_own(finished: Path, material: Path) -> None:
    """The statistics of the last epoch's views, computed with the averaged weights."""
    config = replace(TINY, epochs=2)
    net = build(config)
    net.load_state_dict(weights(finished))
    seen: list[Any] = []
    first = net.backbone.body["0"][0]  # the first convolution
    first.register_forward_hook(lambda module, inputs, out: seen.append(out))
    scenes = Scenes(Few(material), "train", None)
    with torch.no_grad():
        for pixels, _ in batches(scenes, config, epoch=1):
            net.backbone(net.normalised(pixels))
    means = torch.stack([out.mean(dim=(0, 2, 3)) for out in seen]).mean(dim=0)
    kept = weights(finished)["backbone.body.0.1.running_mean"]
    torch.testing.assert_close(kept, means, atol=1e-4, rtol=1e-3)


def test_a_run_is_not_resumed_with_other_data(finished: Path, material: Path) -> None:
    with pytest.raises(ConfigError, match="resume with the same data"):
        train(TINY, Few(material, train=8), finished, device=CPU, resume=True)


def test_too_few_pictures(material: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="3 pictures make no batch of 4: lower batch_size"):
        train(TINY, Few(material, train=3), tmp_path / "run", device=CPU)
    assert not (tmp_path / "run").exists()


def test_a_loss_that_is_not_finite_ends_the_run(material: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with pytest.raises(
        TrainingError, match=r"not finite in epoch 1, .*lower lr .* nothing was kept$"
    ):
        train(replace(TINY, lr=1e30), Few(material), run, device=CPU)
    assert read_metrics(run / METRICS) == []


def test_a_missing_split_is_refused_before_anything_is_written(
    material: Path, tmp_path: Path
) -> None:
    config = replace(TINY, valid_split="held")
    with pytest.raises(ConfigError, match=r"splits train, valid: add --set valid_split=NAME"):
        train(config, Few(material), tmp_path / "run", device=CPU)
    assert not (tmp_path / "run").exists()


def test_a_batch_that_has_no_statistics_is_refused(material: Path, tmp_path: Path) -> None:
    config = replace(TINY, view=32, batch_size=1)
    with pytest.raises(ConfigError, match="raise view or batch_size"):
        train(config, Few(material), tmp_path / "run", device=CPU)
    assert not (tmp_path / "run").exists()
