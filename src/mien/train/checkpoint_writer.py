"""``CheckpointWriter``: writes metrics and checkpoints in a thread, while training goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from torch import Tensor

from mien.train import checkpoint
from mien.train.metrics_file import Row

CHECKPOINT_EVERY = 5.0
"""Default of the seconds from one checkpoint to the next."""


class CheckpointWriter:
    """Writes the newest epoch of a run into ``folder``, at most once in ``every`` seconds.

    The first one is written at once, and the last one when the ``with`` block is left, however it
    is left. So a kill loses the epochs of the last ``every`` seconds, and an exception or Ctrl-C
    none. With ``every`` 0 there is no thread: each epoch is on the disk before ``add`` returns.
    """

    def __init__(self, folder: Path, every: float = CHECKPOINT_EVERY) -> None:
        self._folder, self._every = folder, every
        self._changed = threading.Condition()
        """Guards what follows, and wakes the thread."""
        self._newest: tuple[Sequence[Row], Mapping[str, Any]] | None = None
        self._error: BaseException | None = None
        self._closed = False
        self._thread: threading.Thread | None = None

    def add(self, rows: Sequence[Row], state: Mapping[str, Any]) -> None:
        """Take over the metrics of all epochs so far and their checkpoint, which are copied.

        Raises ``OutputError``, also for an epoch that was added earlier.
        """
        if not self._every:
            checkpoint.keep(self._folder, rows, state)
            return
        newest = list(rows), on_cpu(state)
        with self._changed:
            self._raise_error()
            self._newest = newest
            self._changed.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._write_all, name="checkpoints")
            self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Write what was added last, and wait for it. Raises ``OutputError``."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()
        if self._error is not error:
            self._raise_error()

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def _write_all(self) -> None:
        """The thread."""
        due = time.monotonic()
        while (newest := self._next(due)) is not None:
            due = time.monotonic() + self._every
            try:
                checkpoint.keep(self._folder, *newest)
            except BaseException as error:  # noqa: BLE001 - raised where it is waited for
                with self._changed:
                    self._error = error
                return

    def _next(self, due: float) -> tuple[Sequence[Row], Mapping[str, Any]] | None:
        """The newest epoch, at the moment ``due`` or at the end; ``None`` when all is written."""
        with self._changed:
            while not self._closed and (self._newest is None or time.monotonic() < due):
                self._changed.wait(due - time.monotonic() if self._newest is not None else None)
            newest, self._newest = self._newest, None
            return newest


def on_cpu(state: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a checkpoint's state in memory, which further training does not change.

    Tensors that share their values, such as weights that are not averaged, still do.
    """
    copies: dict[Any, Tensor] = {}

    def copied(value: Any) -> Any:
        if isinstance(value, Tensor):
            key = value.data_ptr(), value.shape, value.stride(), value.dtype
            if key not in copies:
                copies[key] = value.detach().to("cpu", copy=True)
            return copies[key]
        if isinstance(value, Mapping):
            return {key: copied(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(map(copied, value))
        return value

    return {key: copied(value) for key, value in state.items()}
