"""Many pictures in several processes, each of which has a ``Recognizer`` with one thread.

Networks this small gain little from a second thread, and reading a picture gains nothing. A second
process does both at once (docs/processes.md has the figures).
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from mien.errors import ConfigError, ImageReadError, MienError, WorkerError
from mien.parsing import is_whole
from mien.picture_recognizer import Image, OnError
from mien.pipeline import Recognizer
from mien.types import Result

PICTURES, CHARACTERS = 8, 2000
"""At most in one task: a task must fit into a pipe's buffer, or two ends would wait for each
other."""
AHEAD = 2
"""Tasks that a process has: one in work, one that waits."""
MOST_WORKERS = 256

_Answer = tuple[Result, Image | None]


def stream(
    paths: Iterable[str],
    on_error: OnError | None = None,
    *,
    workers: int,
    pictures: bool = False,
    **options: Any,
) -> Iterator[tuple[Result, Image | None]]:
    """Like ``Recognizer.stream`` over ``paths``, in the same order, by ``workers`` processes.

    ``options`` are those of ``Recognizer``; detector and model are names or files, and ``threads``
    is 1 unless it is given. ``pictures``: whether the results come with their pictures, (H, W, 3)
    RGB uint8, which takes time for large ones; else ``None`` comes in their place. ``paths`` are
    taken a few dozen ahead.

    The processes are started with ``spawn``, so a script that calls this needs
    ``if __name__ == "__main__":``. They end when the iterator is closed, and when this process is
    killed. Raises ``ConfigError`` for ``workers`` that are not a whole number from 1 to 256, what
    ``Recognizer`` raises, and ``WorkerError`` if one of them dies; results of pictures before that
    come first.
    """
    if not is_whole(workers, 1, MOST_WORKERS):
        raise ConfigError(f"workers must be a whole number from 1 to {MOST_WORKERS}, got {workers}")
    if options.get("threads") is None:
        options = {**options, "threads": 1}
    tasks = _tasks(paths)
    crew = [_Worker(*_start(on_error is not None, pictures, options)) for _ in range(workers)]
    try:
        for worker in crew * AHEAD:
            worker.give(next(tasks, None))
        for turn in count():  # tasks go round, so that answers are read in the order of the paths
            worker = crew[turn % workers]
            if not worker.tasks:
                return
            yield from worker.answers(on_error)
            worker.give(next(tasks, None))
    finally:
        for worker in crew:
            worker.end()


@dataclass
class _Worker:
    """One process, seen from this one."""

    process: BaseProcess
    pipe: Connection
    tasks: deque[list[str]] = field(default_factory=deque)
    """Given and not yet answered."""

    def give(self, task: list[str] | None) -> None:
        if task is not None:
            with suppress(OSError):  # it has died: noticed when its answer is read
                self.pipe.send(task)
            self.tasks.append(task)

    def answers(self, on_error: OnError | None) -> Iterator[_Answer]:
        """Those of its first task, as they come."""
        while (answer := self._receive()) is not None:
            if isinstance(answer, Exception):
                raise answer
            first, second = answer
            if isinstance(first, Result):
                yield first, second
            elif on_error is not None:  # else the process raises it
                on_error(first, second)
        self.tasks.popleft()

    def _receive(self) -> Any:
        try:
            return self.pipe.recv()
        except (EOFError, OSError):
            self.process.join()
            code = self.process.exitcode or 0
            how = f"signal {-code}" if code < 0 else f"exit status {code}"
            first, last = self.tasks[0][0], self.tasks[0][-1]
            raise WorkerError(
                f"a worker process died ({how}) at one of the pictures from {first!r} to {last!r}: "
                "take fewer workers if memory is short, or one to find the picture"
            ) from None

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


def _tasks(paths: Iterable[str]) -> Iterator[list[str]]:
    task: list[str] = []
    for path in paths:
        if task and (len(task) == PICTURES or sum(map(len, task)) + len(path) > CHARACTERS):
            yield task
            task = []
        task.append(path)
    if task:
        yield task


def _start(
    reports: bool, pictures: bool, options: dict[str, Any]
) -> tuple[BaseProcess, Connection]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, reports, pictures, options), daemon=True)
    with _deaf_children():
        process.start()
    theirs.close()  # the process has its own: so the end of one is the end of both
    return process, ours


@contextmanager
def _deaf_children() -> Iterator[None]:
    """Processes that start here do not get Ctrl-C, which a terminal sends to all: they are ended.

    A blocked signal stays blocked in a child from its first moment on, and reaches this process
    afterwards.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # else it starts within, and unblocks signals
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGHUP])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(pipe: Connection, reports: bool, pictures: bool, options: dict[str, Any]) -> None:
    """The process: answers tasks until the other end of the pipe is closed."""
    if os.name == "nt":
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def report(name: str, error: ImageReadError) -> None:
        pipe.send((name, sendable(error)))

    with suppress(EOFError, BrokenPipeError, ConnectionResetError):  # nothing is asked any more
        try:
            recognizer = Recognizer(**options)
            while True:
                task, on_error = pipe.recv(), report if reports else None
                if pictures:
                    for answer in recognizer.stream(task, on_error):
                        pipe.send(answer)
                else:
                    for result in recognizer.images(task, on_error):
                        pipe.send((result, None))
                pipe.send(None)
        except (EOFError, BrokenPipeError, ConnectionResetError):
            raise
        except Exception as error:  # noqa: BLE001 - raised where the answer is awaited
            pipe.send(sendable(error))


def sendable(error: Exception) -> Exception:
    """The error, or one with its text where it cannot be sent to another process as it is."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001 - whatever its class does
        return MienError(str(error)) if isinstance(error, MienError) else RuntimeError(repr(error))
    return error
