"""Ctrl-C, SIGTERM and SIGHUP end a command in the same way: it cleans up and says so."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import current_thread, main_thread
from types import FrameType
from typing import NoReturn

_SIGNALS = [signal.SIGINT, signal.SIGTERM]
if sys.platform != "win32":
    _SIGNALS.append(signal.SIGHUP)


PATIENCE = 0.3  # seconds


@dataclass
class Stop:
    """Whether a command is to stop."""

    number: int = 0
    """Of the signal that has come."""
    over: bool = False
    """Set when the command has ended: nothing is interrupted any more."""


@contextmanager
def stop_signals() -> Iterator[Stop]:
    """Raise ``KeyboardInterrupt`` at the first of the signals, and end at once at a second one.

    An import is not interrupted, because libraries written in C print what happens there and go on
    without what they import: the signal waits until it ends, and ends the process after
    ``PATIENCE``, when nothing is open yet.

    Signals that are ignored, as under ``nohup``, stay so. In another thread than the main one
    nothing changes.
    """
    state = Stop()
    if current_thread() is not main_thread():
        yield state
        return
    owner = os.getpid()

    def stop(number: int, frame: FrameType | None) -> None:
        if os.getpid() != owner:  # a worker that was forked dies of the signal, as without this
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        elif state.number:
            os._exit(128 + number)
        elif state.over:
            end_now(number)
        else:
            state.number = number
            interrupt(frame, time.monotonic() + PATIENCE)

    def interrupt(frame: FrameType | None, end: float) -> None:
        if state.over:
            return
        if sys.platform == "win32" or not _importing(frame):
            raise KeyboardInterrupt
        if time.monotonic() > end:
            end_now(state.number)
        signal.signal(signal.SIGALRM, lambda _, now: interrupt(now, end))
        signal.setitimer(signal.ITIMER_REAL, 0.01)

    before = {number: signal.getsignal(number) for number in _SIGNALS}
    replaced = [n for n, handler in before.items() if handler not in (signal.SIG_IGN, None)]
    for number in replaced:
        signal.signal(number, stop)
    try:
        yield state
    finally:
        if sys.platform != "win32":
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number in replaced:
            signal.signal(number, before[number])


def end_now(number: int) -> NoReturn:
    """End the process as after a signal, without waiting for anything."""
    os.write(2, b"mien: stopped\n")
    os._exit(128 + number)


def _importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False
