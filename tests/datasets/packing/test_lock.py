from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mien.datasets.packing.lock import LOCK, lock
from mien.errors import ConfigError, OutputError

pytest.importorskip("fcntl")


def test_a_held_folder_tells_the_process_and_a_killed_one_holds_nothing(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from mien.datasets.packing.lock import lock; "
        "held = lock(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        with pytest.raises(ConfigError, match=f"process {other.pid} is packing into"):
            lock(tmp_path)
        other.send_signal(signal.SIGKILL)
    held = lock(tmp_path)
    assert held is not None and (tmp_path / LOCK).read_text() == str(os.getpid())
    held.close()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot write"):
        lock(tmp_path / "nowhere")
