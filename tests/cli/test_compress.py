from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import tiny
from tests.support.commands import mien

torch = pytest.importorskip("torch")

Output = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from mien.train.trainer import train

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("run")
    config = tiny.config(epochs=1, widths=[32, 48], blocks=[1, 1])
    train(config, tiny.Faces(), folder, device=torch.device("cpu"))
    return folder


def test_a_run_is_compressed_and_taught_by_itself(
    run: Path, tmp_path: Path, capsys: Output
) -> None:
    data = tiny.write_csv(tmp_path / "fer2013.csv")
    out = tmp_path / "small"
    words = ("compress", run, "--data", data, "--out", out)
    assert mien(*words, "--macs", 5, "--pictures", 32, "--threads", 1) == 0
    printed, error = capsys.readouterr()
    first, second, third = printed.splitlines()
    assert first.startswith(f"{out}: ") and "million multiply-adds" in first
    assert "have the same first answer (mean divergence" in second and not error
    next_command = third.removeprefix("next: mien ").split()
    assert next_command[:2] == ["train", "compressed"]
    short = ("--epochs", 1, "--threads", 1, "--device", "cpu", "--set", "batch_size=32")
    assert mien(*next_command, *short, "--set", "weak_epochs=0", "--set", "precision=fp32") == 0
    assert (tmp_path / "small_tuned" / "last.pt").exists()
    capsys.readouterr()
    like = ("compress", run, "--data", data, "--out", tmp_path / "other", "--like", out)
    assert mien(*like, "--pictures", 32) == 0
    assert capsys.readouterr().out.splitlines()[0].split(": ")[1] == first.split(": ")[1]


@pytest.mark.parametrize("more", [(), ("--macs", 5, "--like", "x")])
def test_a_budget_or_a_run_to_be_like_is_needed(
    run: Path, more: tuple[object, ...], capsys: Output
) -> None:
    assert mien("compress", run, "--data", "x", "--out", "y", *more) == 2
    assert "give --macs or --like: one of them" in capsys.readouterr().err


def test_what_cannot_be_done_is_said_on_one_line(run: Path, tmp_path: Path, capsys: Output) -> None:
    data = tiny.write_csv(tmp_path / "fer2013.csv")
    words = ("compress", run, "--data", data, "--out", tmp_path / "small", "--macs", 0.1)
    assert mien(*words, "--pictures", 8) == 2
    error = capsys.readouterr().err
    assert "cannot be made as cheap as 100,000" in error and error.count("\n") == 1
