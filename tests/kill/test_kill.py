"""A short run of ``make kill``: the commands that run in less than a second."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="forks")
@pytest.mark.parametrize("only", ["analyze", "data p", "classifier", "video"])
def test_kills_leave_nothing_torn(only: str) -> None:
    for extra in ("torch", "optuna", "matplotlib", "onnxscript", "sklearn"):
        pytest.importorskip(extra)
    done = subprocess.run(
        [sys.executable, "-m", "tests.kill", "--kills", "8", "--seed", "1", "--only", only],
        capture_output=True, text=True, check=False, timeout=600,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 faults" in done.stdout
