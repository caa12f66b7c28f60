"""The process that analyses: inputs come in on standard input, answers go out on standard output.

It is a process of its own, not a fork or a thread, because a damaged file may crash a decoder, and
because its memory and time can be bounded. Standard error is a file: it holds the place of the
input that the process is busy with, for whoever finds it dead. A message would wake its owner for
each input.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import warnings
from contextlib import suppress
from typing import IO, Any

from mien.scale.settings import Settings

OUT_OF_MEMORY = 77
"""The exit status of a process whose memory is used up."""
PLACE = b"%12d"
"""How a place is written: always over the one before."""


def serve() -> None:
    """Answer tasks until standard input is closed. Messages are pickled pairs of kind and value.

    First comes the order: settings, bytes of memory and seconds for one input, each of which may be
    ``None``. A task is a list of inputs, the answer to it ``("done", (answers, memory))``;
    ``("error", error)`` is the last one.
    """
    tasks, answers, place = _channel()
    with suppress(EOFError, BrokenPipeError):  # nobody waits for answers any more
        _prepare_libraries()
        settings, memory, seconds = pickle.load(tasks)
        try:
            _work(tasks, answers, place, settings, memory, seconds)
        except MemoryError:
            os._exit(OUT_OF_MEMORY)
        except (EOFError, BrokenPipeError):
            raise
        except Exception as error:  # noqa: BLE001 - raised where the answer is awaited
            from mien.workers import sendable

            _send(answers, ("error", sendable(error)))


def _work(
    tasks: IO[bytes], answers: IO[bytes], place: int, settings: Settings, memory: int | None,
    seconds: float | None,
) -> None:  # fmt: skip
    from mien.scale.analysis import Analysis

    analysis = Analysis(settings)
    _bound_memory(memory)

    def begins(number: int) -> None:
        _bound_time(seconds)
        os.lseek(place, 0, os.SEEK_SET)
        os.write(place, PLACE % number)

    _send(answers, ("ready", None))
    while True:
        inputs = pickle.load(tasks)
        found = analysis.run(inputs, begins)
        _bound_time(None)
        _send(answers, ("done", (found, resident_bytes())))


def _channel() -> tuple[IO[bytes], IO[bytes], int]:
    """Standard input, output and error, which no library can read or write any more."""
    tasks = os.fdopen(os.dup(sys.stdin.fileno()), "rb")
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    place = os.dup(sys.stderr.fileno())
    with open(os.devnull, "r+b") as nothing:  # noqa: PTH123
        for standard in (sys.stdin, sys.stdout, sys.stderr):
            os.dup2(nothing.fileno(), standard.fileno())
    return tasks, answers, place


def _prepare_libraries() -> None:
    """One thread each; and no warnings, of which a million pictures have many."""
    warnings.simplefilter("ignore")
    import cv2

    cv2.setNumThreads(1)


def _send(answers: IO[bytes], message: tuple[str, Any]) -> None:
    pickle.dump(message, answers, pickle.HIGHEST_PROTOCOL)
    answers.flush()


def _bound_memory(most: int | None) -> None:
    """From now on, asking for more than ``most`` bytes in all fails instead of filling the machine.

    Only Linux counts what matters here.
    """
    if most is None or sys.platform != "linux":
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def _bound_time(seconds: float | None) -> None:
    """The system ends this process in so many seconds, whatever it is busy with; ``None``: never.

    By ``SIGALRM``, whose default is that.
    """
    if hasattr(signal, "setitimer"):  # Windows has none
        signal.setitimer(signal.ITIMER_REAL, seconds or 0.0)


def resident_bytes() -> int:
    """The memory of this process that is in use now; 0 where the system does not say."""
    with suppress(OSError, ValueError), open("/proc/self/statm", "rb") as file:  # noqa: PTH123
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0
