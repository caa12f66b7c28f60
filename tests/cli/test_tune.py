from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mien.train.recipe import load_recipe
from tests.support import tiny
from tests.support.commands import mien

torch = pytest.importorskip("torch")
pytest.importorskip("optuna")

SPACE = "lr = { low = 0.01, high = 0.3, log = true }\nwidths = [[8, 8, 8, 8], [8, 8, 8, 16]]\n"
MIEN = [sys.executable, "-c", "from mien.cli.app import main; main()"]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    tiny.write_csv(folder / "fer2013.csv")
    (folder / "space.toml").write_text(SPACE)
    return folder


def args(files: Path, out: Path, *more: object, **keys: object) -> list[object]:
    options = tiny.options(size_schedule=[], weak_epochs=0, splits_seed=1, **keys)
    return [
        "tune", "default", "--data", files / "fer2013.csv", "--out", out, "--threads", 1,
        "--device", "cpu", "--space", files / "space.toml", *options, *more,
    ]  # fmt: skip


def test_a_search_from_the_command_line(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "my search"
    assert mien(*args(files, out, "--trials", 2, "--method", "random")) == 0
    printed = capsys.readouterr()
    assert "tuned on the part 'valid' of 'train' (random:90/10, seed 1)" in printed.err
    assert "not on 'public'" in printed.err
    ended = [line for line in printed.err.splitlines() if line.startswith("trial ")]
    assert [line.split()[2] for line in ended] == ["(1/2)", "(2/2)"]
    assert "\x1b" not in printed.err
    lines = printed.out.splitlines()
    assert lines[0] == "trials: 2 finished"
    assert lines[2].split() == ["trial", "accuracy", "NLL", "epochs", "seconds", "lr", "widths"]
    assert sorted(line.split()[0] for line in lines[3:5]) == ["0", "1"]
    assert lines[-1].startswith(f"next: mien train '{out / 'best.toml'}' --data")
    best = load_recipe(out / "best.toml")
    assert (best.splits, best.valid_split) == ("random:90/10", "valid")
    assert len(list((out / "trials").glob("*/last.pt"))) == 1

    assert mien(*args(files, out, "--trials", 2, "--method", "random")) == 0  # the report again
    assert not [line for line in capsys.readouterr().err.splitlines() if line[:6] == "trial "]
    assert mien(*args(files, out, "--trials", 3, "--method", "tpe")) == 2
    assert "method was 'random' and is 'tpe'" in capsys.readouterr().err


def test_labels_without_a_picture_are_named_once(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    some = ("--trials", 2, "--method", "random", "--limit", 5)  # of seven labels
    assert mien(*args(files, tmp_path / "out", *some, batch_size=5)) == 0
    notes = [line for line in capsys.readouterr().err.splitlines() if "has no picture of" in line]
    assert len(notes) == 2 and "'train'" in notes[0] and "'valid'" in notes[1]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ([], "--method tpe needs --trials N"),
        (["--method", "grid"], "lr is a range without a step"),
        (["--space", "defalt", "--trials", "2"], "did you mean 'default'"),
        (["--trials", "2", "--storage", "study.db"], "expected sqlite:///FILE"),
        (["--trials", "2", "--set", "lrr=1"], "did you mean 'lr'"),
    ],
)
def test_a_wrong_option_is_one_line_and_status_2(
    files: Path, tmp_path: Path, more: list[str], expected: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert mien(*args(files, tmp_path / "out", *more)) == 2
    printed = capsys.readouterr().err.splitlines()
    assert expected in printed[-1] and printed[-1].startswith("mien: ")


def test_without_optuna_the_pip_command_is_given(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert mien(*args(files, tmp_path / "out", "--trials", 1)) == 1
    assert "pip install '.[tune]'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_ctrl_c_says_how_to_continue(files: Path, tmp_path: Path) -> None:
    command = [*MIEN, *map(str, args(files, tmp_path / "out", "--trials", 1000))]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env={**os.environ}
    ) as child:
        assert child.stderr is not None
        for line in child.stderr:
            if line.startswith("trial 0"):
                child.send_signal(signal.SIGINT)
                break
        rest = child.stderr.read().splitlines()
    assert child.returncode == 130
    assert rest[-1] == "mien: stopped; the search is kept: run the same command to continue"
    assert not any("Traceback" in line for line in rest)
