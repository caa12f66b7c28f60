"""What a forked child must not take over from its parent: threads of networks, and held locks.

A fork copies one thread. In the child, the threads of an ONNX Runtime session do not exist: running
the session waits for them for ever, and so does destroying it. A lock that another thread held
stays locked, a module that it was importing stays half imported. So a child keeps what it inherited
untouched and makes its own, and a fork waits until no thread is loading.
"""

from __future__ import annotations

import concurrent.futures.thread  # noqa: F401 - see below
import ctypes
import logging  # noqa: F401
import os
from collections.abc import Callable
from threading import RLock
from typing import Any, Generic, TypeVar
from weakref import WeakSet

T = TypeVar("T")


class Loading:
    """A reentrant lock, held while modules are imported and networks opened; a fork waits for it.

    In the child, the thread that forked goes on as its owner.
    """

    def __init__(self) -> None:
        self._lock, self._depth = RLock(), 0

    def __enter__(self) -> None:
        self._lock.acquire()
        self._depth += 1

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        self._lock.release()

    def locked(self) -> bool:
        """Whether a thread is loading now."""
        return self._depth > 0


loading = Loading()
"""The one of this process."""


class PerProcess(Generic[T]):
    """A value that every process makes for itself with ``make``: a session, a lock.

    It is made at once, or with ``later`` when it is first needed, as in a forked child. Threads may
    share it.
    """

    def __init__(self, make: Callable[[], T], *, later: bool = False) -> None:
        self._make = make
        with loading:
            self._made: list[T] = [] if later else [make()]
            _all.add(self)

    @property
    def value(self) -> T:
        """The one of this process. Raises what ``make`` raises."""
        made = self._made
        if not made:
            with loading:
                if not made:
                    made.append(self._make())
        return made[0]

    def renew(self) -> None:
        """Give up what a forked child has inherited, and never destroy it."""
        for inherited in self._made:
            _keep_for_ever(inherited)
        self._made = []


_all: WeakSet[PerProcess[Any]] = WeakSet()


def _keep_for_ever(value: object) -> None:
    """Add a reference that nothing gives back, not even the end of the interpreter."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(value))


def _after_in_child() -> None:
    for each in list(_all):
        each.renew()
    loading.__exit__()


# Modules with locks of their own, logging and concurrent.futures, must be imported before: if they
# registered while a fork waits for ``loading``, they would release what they never acquired.
if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(
        before=loading.__enter__, after_in_parent=loading.__exit__, after_in_child=_after_in_child
    )
