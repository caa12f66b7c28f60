from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import tiny
from tests.support.commands import mien

pytest.importorskip("torch")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    from tests.support.runs import train

    train(tiny.config(epochs=1), tmp_path / "run")
    return tmp_path / "run"


def test_runs_become_one_that_can_be_evaluated(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = tiny.write_csv(tmp_path / "fer2013.csv"), tmp_path / "soup"
    assert mien("average", run, run, "--out", out, "--share", 1, "--share", 3) == 0
    told, following = capsys.readouterr().out.splitlines()
    assert told == f"{out}: 25% {run}, 75% {run}"
    words = following.removeprefix("next: mien ").replace("PATH", str(data)).split()
    assert mien(*words, "--dataset", "fer2013", "--split", "public") == 0
    assert mien("average", run, run, "--out", out) == 2
    assert "contains a run already" in capsys.readouterr().err


def test_what_cannot_be_averaged_is_one_line(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, reason in (
        ((run,), "1 run: give two or more to average"),
        ((run, run, "--share", 1), "1 shares for 2 runs"),
        ((run, tmp_path / "none"), "no checkpoint at"),
        ((run, run, "--out", ""), "cannot write to '', which names no file or folder"),
    ):
        assert mien("average", "--out", tmp_path / "out", *words) in (1, 2)
        error = capsys.readouterr().err
        assert reason in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()
