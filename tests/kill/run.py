"""Runs a command in a forked process, which PyTorch is imported into only once, and kills it."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

LONGEST = 300  # seconds


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    """Exit status, or minus the signal."""
    seconds: float
    log: str
    """Its standard error."""
    writes: int = 0
    """Events in its folder that change files."""


@dataclass(frozen=True)
class Kill:
    """When to kill: at a moment, or before the ``write``-th change of a file, the first is 1."""

    seconds: float = LONGEST
    write: int = 0


def random_kill(random: Random, reference: Ended) -> Kill:
    """Half of the kills come at a moment of the run, half just before a file changes."""
    if random.random() < 0.5 and reference.writes:
        return Kill(write=random.randint(1, reference.writes))
    return Kill(seconds=random.uniform(0.02, reference.seconds))


def run(
    arguments: list[object],
    out: Path,
    *,
    prepare: Callable[[], None] = lambda: None,
    kill: Kill | None = None,
    number: int = signal.SIGKILL,
) -> Ended:
    """Run ``mien`` with ``arguments``; ``kill`` it with the signal ``number``."""
    log, counted = out.with_name(f"{out.name}.log"), out.with_name(f"{out.name}.writes")
    began = time.monotonic()
    child = os.fork()
    if not child:
        _command(arguments, out, log, counted, prepare, kill.write if kill else 0, number)
    end = began + (kill.seconds if kill else LONGEST)
    status = None
    while status is None:
        done, waited = os.waitpid(child, os.WNOHANG)
        if done:
            status = waited
        elif time.monotonic() > end:
            os.kill(child, number if kill else signal.SIGKILL)
            end += LONGEST
        else:
            time.sleep(0.001)
    code = os.waitstatus_to_exitcode(status)
    writes = int(counted.read_text() or 0) if counted.exists() else 0
    return Ended(code, time.monotonic() - began, log.read_text(errors="replace"), writes)


def _command(
    arguments: list[object],
    out: Path,
    log: Path,
    counted: Path,
    prepare: Callable[[], None],
    killed_at: int,
    number: int,
) -> None:
    """The forked process: never returns."""
    code = 70
    try:
        os.setsid()
        for target, stream in ((os.devnull, 1), (str(log), 2)):
            os.dup2(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
        prepare()
        events = _Events(str(out), killed_at, number)
        sys.addaudithook(events)
        from mien.cli.app import main

        try:
            main([str(argument) for argument in arguments])
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 70
        counted.write_text(str(events.count))
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001 - as Python does at the end
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


class _Events:
    """Counts what Python is about to change under ``folder``, and kills before one of them."""

    def __init__(self, folder: str, killed_at: int, number: int) -> None:
        self.folder, self.killed_at, self.number = folder, killed_at, number
        self.count = 0

    def __call__(self, event: str, values: tuple[Any, ...]) -> None:
        if event not in _CHANGES or not str(values[0]).startswith(self.folder):
            return
        if event == "open" and not (isinstance(values[2], int) and values[2] & _FOR_WRITING):
            return
        self.count += 1
        if self.count == self.killed_at:
            os.kill(os.getpid(), self.number)


_CHANGES = {"open", "os.rename", "os.truncate", "os.remove", "os.mkdir", "shutil.rmtree"}
_FOR_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
