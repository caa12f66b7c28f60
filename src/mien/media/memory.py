"""A budget of bytes for pictures that several threads decode at the same time.

The decoder knows from a picture's header how much memory its pixels will need, and asks for it with
``claim`` before it decodes. A thread that runs a ``Task`` of a ``Budget`` then waits until there is
room; any other thread goes on at once.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from threading import Condition
from typing import TypeVar

import numpy as np

DECODING_BYTES = 1 << 30
"""Bytes that pictures being decoded, or decoded and not yet taken, may need in all."""

T = TypeVar("T")


class Budget:
    """Memory that the tasks made by ``task`` share; at most ``most`` bytes, with one exception.

    The oldest task that holds or may yet ask for memory never waits, so there is always progress,
    whatever the others hold. At most one picture is decoded beyond the budget.
    """

    def __init__(self, most: int = DECODING_BYTES) -> None:
        self._most = most
        self._used = 0
        self._open: dict[Task, None] = {}  # not done, or done and not taken; the oldest first
        self._lifted = False
        self._changed = Condition()

    def task(self) -> Task:
        """A task; make them in the order in which they are started and their results are taken."""
        with self._changed:
            task = Task(self)
            self._open[task] = None
        return task

    def lift(self) -> None:
        """Let every task go on at once, because nobody will take their results."""
        with self._changed:
            self._lifted = True
            self._changed.notify_all()

    def _set(self, task: Task, size: int) -> None:
        """``task`` needs ``size`` bytes from now on; waits until there is room for more."""

        def has_room() -> bool:
            others = self._used - task.size
            if size <= task.size or not others or others + size <= self._most:
                return True
            return self._lifted or task is next(iter(self._open), task)

        with self._changed:
            self._changed.wait_for(has_room)
            self._used += size - task.size
            task.size = size
            self._changed.notify_all()

    def _close(self, task: Task) -> None:
        """``task`` holds nothing and asks for nothing more."""
        with self._changed:
            self._used -= task.size
            task.size = 0
            self._open.pop(task, None)
            self._changed.notify_all()


class Task:
    """One call of a function in a thread, and the memory that it and its result need."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.size = 0
        """Bytes."""

    def run(self, function: Callable[[], T]) -> T:
        """``function()``; its claims count for this task.

        An array that it returns counts until ``release``, any other result counts as nothing.
        """
        before = _running.set(self)
        kept = 0
        try:
            result = function()
            kept = result.nbytes if isinstance(result, np.ndarray) else 0
            return result
        finally:
            _running.reset(before)
            if kept := min(kept, self.size):
                self._budget._set(self, kept)
            else:
                self._budget._close(self)

    def claim(self, size: int) -> None:
        """Wait until ``size`` bytes fit; they replace what this task claimed before."""
        self._budget._set(self, size)

    def release(self) -> None:
        """The result was taken."""
        self._budget._close(self)


_running: ContextVar[Task | None] = ContextVar("running", default=None)


def claim(size: int) -> None:
    """Called before ``size`` bytes are filled with pixels; waits if the thread runs a ``Task``."""
    task = _running.get()
    if task is not None:
        task.claim(size)
