from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from mien.train.recipe import load_recipe, recipe_names
from tests.support import tiny
from tests.support.commands import mien

torch = pytest.importorskip("torch")

MIEN = [sys.executable, "-c", "from mien.cli.app import main; main()"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny.write_csv(tmp_path_factory.mktemp("data") / "fer2013.csv"))


def train(data: str, out: Path, *args: object, **keys: Any) -> int:
    return mien(
        "train", "default", "--data", data, "--out", out, "--threads", 1, "--device", "cpu",
        *tiny.options(size_schedule=[], weak_epochs=0, **keys), *args,
    )  # fmt: skip


def test_a_run_ends_by_saying_what_comes_next(
    data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "my run"
    assert train(data, out, "--seed", 3, "--epochs", 3, "--limit", 64) == 0
    printed = capsys.readouterr()
    recipe = json.loads((out / "recipe.json").read_text())
    assert (recipe["seed"], recipe["epochs"], recipe["limit"]) == (3, 3, 64)
    rows = [json.loads(line) for line in (out / "metrics.jsonl").open()]
    lines = printed.out.splitlines()
    assert lines[0] == f"run: {out}"
    assert f"{rows[-1]['valid_accuracy']:.2%}" in lines[1]
    assert lines[2].startswith(f"next: mien evaluate '{out}' --data")
    assert lines[3] == f"then: mien export '{out}' --out default.onnx"
    epochs = [line for line in printed.err.splitlines() if line.startswith("epoch ")]
    assert [line.split()[1] for line in epochs] == ["1/3", "2/3", "3/3"]
    assert "\x1b" not in printed.err  # no bar where there is no terminal


def test_with_patience_the_best_epoch_is_reported(
    data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(data, tmp_path, patience=3, lr=5.0, schedule="constant") == 0
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").open()]
    best = min(rows, key=lambda row: row["valid_nll"])
    expected = f"{best['valid_accuracy']:.2%} (epoch {best['epoch']}, the best one)"
    assert expected in capsys.readouterr().out


def test_a_run_is_not_overwritten_but_resumed(
    data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(data, tmp_path) == 0
    capsys.readouterr()
    assert train(data, tmp_path) == 2
    assert "add --resume" in capsys.readouterr().err
    assert train(data, tmp_path, "--resume") == 0
    assert train(data, tmp_path, "--resume", "--epochs", 5) == 2
    assert "epochs = 2" in capsys.readouterr().err


def test_a_run_that_fails_in_its_first_epoch_says_that_nothing_was_kept(
    data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(data, tmp_path, "--epochs", 1, lr=1e30) == 1
    guess, head, few, error = capsys.readouterr().err.splitlines()
    assert guess == f"{data} is read as 'fer2013' (--dataset chooses another reader)"
    assert "few pictures of" in few
    assert head == f"training default on cpu, 1 epoch, into {tmp_path}"
    assert error.endswith("lower lr (1e+30); no epoch was finished, nothing was kept")
    assert train(data, tmp_path, "--epochs", 1, lr=0.1) == 0  # the folder can be used again


def test_a_backbone_says_what_to_do_without_its_weights(
    data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    timm = pytest.importorskip("timm")
    small = {"limit": 8, "batch_size": 4, "epochs": 1, "resize": 32, "input_size": 32}
    sets = [part for k, v in small.items() for part in ("--set", f"{k}={v}")]
    start = ["train", "resnet18", "--data", data, "--threads", 1, "--device", "cpu", *sets]

    def offline(*_: Any, **__: Any) -> None:
        raise OSError("no network")

    monkeypatch.setattr(timm.models._builder, "load_state_dict_from_hf", offline)
    assert mien(*start, "--set", "freeze_epochs=0", "--out", tmp_path / "a") == 1
    assert "or --weights none to train from scratch" in capsys.readouterr().err
    assert not (tmp_path / "a" / "last.pt").exists()
    assert mien(*start, "--weights", "none", "--out", tmp_path / "b") == 0
    recipe = json.loads((tmp_path / "b" / "recipe.json").read_text())
    assert (recipe["weights"], recipe["freeze_epochs"]) == (None, 0)


def test_recipes_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert mien("train", "--list") == 0
    listed = capsys.readouterr().out
    names = [line.split()[0] for line in listed.splitlines() if line.startswith("  ")]
    assert sorted(names) == recipe_names()
    classifiers, detectors = listed.split("face detectors")
    assert "faster_rcnn_mobile " in detectors and "fine_tune" in classifiers
    (default,) = (row.split() for row in listed.splitlines() if row.startswith("  default "))
    assert default[1:5] == ["2.3", "M", "67.5", "M"]


def test_a_shown_recipe_and_a_runs_own_can_be_trained_again(
    data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in recipe_names():
        assert mien("train", "--show", name) == 0
        (tmp_path / f"{name}.toml").write_text(capsys.readouterr().out, "utf-8")
        assert load_recipe(tmp_path / f"{name}.toml") == load_recipe(name)
    assert train(data, tmp_path / "first", "--epochs", 1) == 0
    again = ("train", tmp_path / "first" / "recipe.json", "--data", data, "--threads", 1)
    assert mien(*again, "--out", tmp_path / "second", "--device", "cpu") == 0
    first, second = ((tmp_path / run / "recipe.json").read_text() for run in ("first", "second"))
    assert first == second
    capsys.readouterr()
    (tmp_path / "list.json").write_text("[1]")
    assert mien("train", tmp_path / "list.json", "--data", data, "--out", tmp_path / "x") == 2
    assert "is not an object of keys" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["defalt"], "did you mean 'default'? (recipes: "),
        (["default", "--set", "epoch=3"], "did you mean 'epochs'"),
        (["default", "--set", "lr"], "KEY=VALUE"),
        (["x" * 300], "unknown recipe"),
        (["default", "--limit", "5"], "must not be below batch_size"),
        (["default_distilled"], "--teacher RUN"),
    ],
)
def test_a_wrong_option_is_one_line_and_status_2(
    data: str, tmp_path: Path, args: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert mien("train", *args, "--data", data, "--out", out) == 2
    printed = capsys.readouterr().err
    assert expected in printed and printed.count("\n") == 1
    assert not out.exists()


def test_an_unknown_network_leaves_no_folder(
    data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(data, tmp_path / "run", "--set", "architecture=foo") == 2
    assert "mien: unknown architecture 'foo' (architectures: " in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("args", [["--epochs", "0"], ["--device", "abacus"], ["--sed", "1"]])
def test_click_refuses_with_status_2(data: str, tmp_path: Path, args: list[str]) -> None:
    assert mien("train", "default", "--data", data, "--out", tmp_path, *args) == 2


def test_what_cannot_be_read_is_one_line(
    data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(str(tmp_path / "none.zip"), tmp_path / "run") == 1
    assert train(data, tmp_path / "run", "--teacher", tmp_path / "none") == 1
    assert train(data, tmp_path / "run", "--dataset", "fer2014") == 2
    messages = [m for m in capsys.readouterr().err.splitlines() if m.startswith("mien: ")]
    assert len(messages) == 3
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_missing_gpu_is_one_line(
    data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(data, tmp_path / "run", "--device", "cuda") == 1
    assert "try auto or cpu" in capsys.readouterr().err


@pytest.mark.parametrize("command", [
    ["train", "default", "--data", "{data}", "--out", "run"],
    ["export", "run", "--out", "model.onnx"],
])  # fmt: skip
def test_without_pytorch_the_pip_command_is_given(
    data: str, tmp_path: Path, command: list[str]
) -> None:
    code = "import sys; sys.modules['torch'] = None; from mien.cli.app import main; main()"
    args = [part.format(data=data) for part in command]
    done = subprocess.run(
        [sys.executable, "-c", code, *args], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.endswith(
        "needs the 'train' extra: pip install '.[train]' in a clone of Mien\n"
    )
    assert done.stderr.count("\n") == 1


def test_ctrl_c_says_how_to_continue(data: str, tmp_path: Path) -> None:
    args = [*MIEN, "train", "default", "--data", data, "--out", str(tmp_path / "run")]
    options = [*tiny.options(size_schedule=[], epochs=10_000), "--threads", "1"]
    with subprocess.Popen([*args, *options], stderr=subprocess.PIPE, text=True) as child:
        assert child.stderr is not None
        for line in child.stderr:
            if line.startswith("epoch 2/"):
                child.send_signal(signal.SIGINT)
                break
        rest = child.stderr.read().splitlines()
    assert child.returncode == 130
    assert rest[-1].startswith("mien: stopped; epoch ") and rest[-1].endswith("--resume")
    assert not any("Traceback" in line for line in rest)
    rows = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    stored = torch.load(tmp_path / "run" / "last.pt", weights_only=True)
    assert 2 <= stored["epochs_done"] <= len(rows)


def test_a_bar_on_a_terminal(data: str, tmp_path: Path) -> None:
    leader, follower = pty.openpty()
    args = [*MIEN, "train", "default", "--data", data, "--out", str(tmp_path / "run")]
    child = subprocess.Popen(
        [*args, *tiny.options(size_schedule=[]), "--threads", "1"],
        stderr=follower, stdout=subprocess.PIPE, env={**os.environ, "TERM": "xterm"}, text=True,
    )  # fmt: skip
    os.close(follower)
    shown = b""
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown += part
        time.sleep(0.01)
    os.close(leader)
    assert child.stdout is not None
    printed = child.stdout.read()
    assert child.wait() == 0
    assert b"epoch 2/2" in shown and "━".encode() in shown
    assert printed.startswith("run: ") and "━" not in printed
