from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import tiny

torch = pytest.importorskip("torch")

from mien.train.classification.classifier import load_classifier_run  # noqa: E402
from mien.train.classification.config import ClassifierConfig  # noqa: E402
from mien.train.distributed import World  # noqa: E402
from mien.train.metrics_file import METRICS, read_metrics  # noqa: E402
from mien.train.trainer import train  # noqa: E402

ONE = """
import sys
from tests.support import tiny
from mien.cli.app import main
from mien.datasets import opening
opening.open_dataset = lambda *_, **__: tiny.Faces()
main(["train", *sys.argv[1:], "--data", "bars", "--threads", "1", "--device", "cpu", "--resume"])
"""
# Nothing that differs between processes: no random augmentation, no batch statistics.
STILL = {
    "norm": "layer", "dropout": 0.0, "flip": False, "rotation": 0.0, "scale": 0.0, "shift": 0.0,
    "erasing": 0.0, "ferplus_weight": 1.0, "patience": 5,
}  # fmt: skip


def launch(folder: Path, config: ClassifierConfig, processes: int) -> list[str]:
    """Start processes as ``torchrun`` does: the environment tells each its rank.

    Returns what each has printed.
    """
    recipe = folder.with_suffix(".toml")
    keys = {key: value for key, value in config.to_dict().items() if value is not None}
    recipe.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items()))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {
        **os.environ, "PYTHONPATH": ":".join(sys.path), "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port), "WORLD_SIZE": str(processes),
    }  # fmt: skip
    command = [sys.executable, "-c", ONE, str(recipe), "--out", str(folder)]
    children = [
        subprocess.Popen(
            command, env={**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for rank in range(processes)
    ]  # fmt: skip
    printed = [child.communicate(timeout=300)[0] for child in children]
    assert [child.returncode for child in children] == [0] * processes, printed
    return printed


@pytest.mark.skipif(not torch.distributed.is_available(), reason="PyTorch has no distributed")
def test_two_processes_train_as_one(tmp_path: Path) -> None:
    config = tiny.config(**STILL)
    alone = train(config, tiny.Faces(), tmp_path / "alone", device=torch.device("cpu"))
    first, second = launch(tmp_path / "pair", config, 2)
    assert first.count("epoch 1/2") == 1 and f"run: {tmp_path / 'pair'}" in first
    assert not second  # one speaks for all
    pair = read_metrics(tmp_path / "pair" / METRICS)
    assert len(pair) == config.epochs
    for a, b in zip(alone, pair, strict=True):
        assert b["valid_nll"] == pytest.approx(a["valid_nll"], abs=2e-3)
    one, two = (load_classifier_run(tmp_path / name)[0] for name in ("alone", "pair"))
    for (name, a), b in zip(one.state_dict().items(), two.state_dict().values(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=2e-3, msg=name)


def test_a_batch_is_shared_out_without_rest() -> None:
    rows = torch.arange(10)
    shares = [World(rank, 5).share(rows) for rank in range(5)]
    assert sorted(torch.cat(shares).tolist()) == rows.tolist()


def test_a_weight_that_one_process_does_not_use_has_a_gradient_in_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Otherwise the processes would average gradients of different weights."""
    used, unused = (torch.nn.Parameter(torch.ones(2)) for _ in range(2))
    frozen = torch.nn.Parameter(torch.ones(2), requires_grad=False)
    used.grad = torch.full((2,), 4.0)
    other = torch.tensor([0.0, 0.0, 6.0, 6.0])  # of the second process, which used the other one
    monkeypatch.setattr(torch.distributed, "all_reduce", lambda flat: flat.add_(other))
    World(0, 2).average_gradients([used, unused, frozen])
    assert used.grad.tolist() == [2, 2] and unused.grad.tolist() == [3, 3]
    assert frozen.grad is None
