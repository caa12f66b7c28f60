"""Ctrl-C, SIGTERM and SIGHUP end a command in the same way: it cleans up and says so."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType

_SIGNALS = [signal.SIGINT, signal.SIGTERM]
if sys.platform != "win32":
    _SIGNALS.append(signal.SIGHUP)


@contextmanager
def stop_signals() -> Iterator[list[int]]:
    """Raise ``KeyboardInterrupt`` at the first of the signals, and end at once at a second one.

    Yields a list, which holds the number of the signal once it has come. Signals that are ignored,
    as under ``nohup``, stay so. In another thread than the main one nothing changes.
    """
    came: list[int] = []
    if current_thread() is not main_thread():
        yield came
        return
    owner = os.getpid()

    def stop(number: int, _: FrameType | None) -> None:
        if os.getpid() != owner:  # a worker that was forked dies of the signal, as without this
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        elif came:
            os._exit(128 + number)
        else:
            came.append(number)
            raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in _SIGNALS}
    replaced = [n for n, handler in before.items() if handler not in (signal.SIG_IGN, None)]
    for number in replaced:
        signal.signal(number, stop)
    try:
        yield came
    finally:
        for number in replaced:
            signal.signal(number, before[number])
