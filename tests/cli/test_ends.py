"""How commands end: Ctrl-C, other signals, closed pipes, full disks, at any moment."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mien.samples import ASTRONAUT
from tests.support.commands import mien

MIEN = [sys.executable, "-m", "mien"]
START = "from mien.__main__ import main; main()"


def stopped(number: int, code: str) -> tuple[int, str]:
    """Status and standard error of Python running ``code``, which prints a line when ready."""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None and child.stderr is not None
        child.stdout.readline()
        child.send_signal(number)
        return child.wait(60), child.stderr.read()


def during_import(module: str, then: str = "continue") -> str:
    """``mien models`` whose import of ``module`` never ends; ``then``: when it is interrupted."""
    return f"""
import sys, time, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # which nohup ignores
class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            print("ready", flush=True)
            while True:
                try:
                    time.sleep(0.01)
                except KeyboardInterrupt:
                    {then}
sys.meta_path.insert(0, Slow())
sys.argv = ["mien", "models"]
{START}
"""


@pytest.mark.parametrize("module", ["click", "mien.cli.app", "mien.cli.models", "numpy", "rich"])
def test_ctrl_c_during_start_up_is_one_line(module: str) -> None:
    assert stopped(signal.SIGINT, during_import(module)) == (130, "mien: stopped\n")


def test_a_signal_waits_for_a_short_import() -> None:
    """A library written in C would print a traceback and go on without what it imports."""
    code = during_import("rich", "1 / 0").replace("while True:", "for _ in range(5):")
    assert stopped(signal.SIGINT, code) == (130, "mien: stopped\n")


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_every_signal_ends_a_command_cleanly(number: int, status: int, tmp_path: Path) -> None:
    """The sinks are closed and what a library makes of the signal is not reported."""
    out = tmp_path / "out.json"
    code = f"""
import sys, time, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # which nohup ignores
import mien.pipeline, mien.errors
def slow(self, source, **options):
    print("ready", flush=True)
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        raise mien.errors.ModelError("a library's own words\\nover two lines")
mien.pipeline.Recognizer.detect = slow
sys.argv = ["mien", "analyze", {str(ASTRONAUT)!r}, "-f", "json", "-o", {str(out)!r}]
{START}
"""
    assert stopped(number, code) == (status, "mien: stopped\n")
    assert out.read_text() == "[]\n"


def test_an_ignored_signal_stays_ignored(tmp_path: Path) -> None:
    code = """
import os, signal, sys
signal.signal(signal.SIGHUP, signal.SIG_IGN)
sys.argv = ["mien", "doctor"]
import mien.catalogue
os.kill(os.getpid(), signal.SIGHUP)
from mien.cli.support.signals import stop_signals
with stop_signals() as stop:
    os.kill(os.getpid(), signal.SIGHUP)
    print(stop.number, flush=True)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "0\n")


def test_a_second_signal_ends_at_once() -> None:
    code = f"""
import sys, time, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # which nohup ignores
import mien.cli.models
def stuck(*_):
    word = "ready"
    while True:
        try:
            print(word, flush=True)
            time.sleep(60)
        except KeyboardInterrupt:
            word = "again"
import mien.catalogue
mien.catalogue.detector_facts = stuck
sys.argv = ["mien", "models"]
{START}
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        for line in (b"ready\n", b"again\n"):
            assert child.stdout.readline() == line
            child.send_signal(signal.SIGINT)
        assert child.wait(60) == 130


@pytest.mark.parametrize(
    "arguments", [("models",), ("models", "show", "--json"), ("doctor",), ("train", "--list"),
                  ("--help",), ("analyze", str(ASTRONAUT), "--detector", "none")]
)  # fmt: skip
def test_a_closed_pipe_is_a_quiet_success(arguments: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*MIEN, *arguments], stdout=writer, stderr=subprocess.PIPE, check=False, timeout=120
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


def test_closed_standard_error_hides_the_message_but_not_the_status() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*MIEN, "nonesuch"], stderr=writer, check=False, timeout=120)
    os.close(writer)
    assert done.returncode == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("arguments", [("models",), ("models", "--json"), ("doctor",)])
def test_a_full_disk_behind_standard_output_is_one_line(arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*MIEN, *arguments], stdout=full, stderr=subprocess.PIPE, check=False, text=True
        )
    assert (done.returncode, done.stderr) == (1, "mien: No space left on device\n")


def test_in_a_terminal_ctrl_c_is_one_line_too(tmp_path: Path) -> None:
    """The terminal's own ^C, as a user types it."""
    parent, child = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", during_import("numpy")], stdin=child, stdout=child, stderr=child,
        start_new_session=True, preexec_fn=lambda: _take(child),
    ) as process:  # fmt: skip
        os.close(child)
        shown = b""
        while b"ready" not in shown:
            shown += os.read(parent, 1000)
        os.write(parent, b"\x03")
        assert process.wait(60) == 130
    time.sleep(0.05)
    shown += os.read(parent, 1000)
    os.close(parent)
    assert shown.replace(b"^C", b"").replace(b"ready", b"").split() == [b"mien:", b"stopped"]


def _take(terminal: int) -> None:
    import fcntl
    import termios

    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)


@pytest.mark.parametrize("value", ["0", "-1", "1025", "99999999999999999999", "1.5", "x", ""])
@pytest.mark.parametrize(
    "command", [("analyze", "x"), ("evaluate", "default", "--data", "x"),
                ("compare", "mtcnn", "none"), ("train", "mlp", "--data", "x", "--out", "y"),
                ("tune", "mlp", "--data", "x", "--out", "y"),
                ("study", "--data", "x", "--out", "y")]
)  # fmt: skip
def test_impossible_threads_are_a_usage_error(
    command: tuple[str, ...], value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert mien(*command, "--threads", value) == 2
    error = capsys.readouterr().err
    assert error.startswith("mien: Invalid value for '--threads'") and error.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [("analyze", "x", "--min-face-size", "nan"),
                  ("analyze", "x", "--min-face-size", "inf"),
                  ("evaluate", "mtcnn", "--data", "x", "--threshold", "nan"),
                  ("export", "x", "--out", "y", "--margin", "inf"),
                  ("export", "x", "--out", "y", "--offset", "0", "nan"),
                  ("train", "mlp", "--data", "x", "--out", "y", "--seed", str(2**32)),
                  ("data", "pack", "x", "y", "--size", str(10**12))]
)  # fmt: skip
def test_impossible_numbers_are_a_usage_error(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert mien(*arguments) == 2
    assert "mien: Invalid value for '--" in capsys.readouterr().err
