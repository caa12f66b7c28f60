"""A process that analyses inputs, seen from the one that gives them."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from mien.errors import WorkerError
from mien.scale.answers import Answers
from mien.scale.child import OUT_OF_MEMORY, PLACE
from mien.scale.inputs import Input
from mien.scale.settings import Settings

_CODE = "import sys; sys.path[:] = {path!r}; from mien.scale.child import serve; serve()"
MEMORY = 2 << 30
"""Default bytes of memory of one worker."""
SECONDS = 600.0
"""Default time for one picture, or for some frames of a video."""
_RESTART_ABOVE = 0.75
"""Part of its memory that a worker may keep between tasks."""


class DiedError(Exception):
    """A worker ended before it had answered."""

    def __init__(self, at: int | None, reason: str, *, by_itself: bool) -> None:
        """``at``: the place of the input that it was busy with; ``by_itself``: not killed."""
        super().__init__(reason)
        self.at, self.reason, self.by_itself = at, reason, by_itself


class Worker:
    """Starts its process when it is first needed, and a new one after that has ended."""

    def __init__(
        self, settings: Settings, memory: int | None = MEMORY, seconds: float | None = SECONDS
    ) -> None:
        self._order = settings, memory, seconds
        self._memory, self._seconds = memory, seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._place = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - what it is busy with

    def run(self, inputs: Sequence[Input]) -> Answers:
        """The answers, in the order of ``inputs``.

        Raises ``DiedError``, and what the process raises, such as ``ModelError``.
        """
        try:
            self._place.truncate(0)
            process = self._started()
            self._send(process, list(inputs))
            answers, used = self._receive(process)
        except (EOFError, OSError, pickle.UnpicklingError):
            raise self._died() from None
        if self._memory is not None and used > _RESTART_ABOVE * self._memory:
            self.close()
        return answers  # type: ignore[no-any-return]

    @property
    def pid(self) -> int | None:
        """Of the process that runs now."""
        return None if self._process is None else self._process.pid

    def close(self) -> None:
        """End the process, whatever it is busy with; from any thread."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):
                    pipe.close()  # type: ignore[union-attr]

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _CODE.format(path=sys.path)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._place,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
                start_new_session=True,  # Ctrl-C in a terminal goes to its whole session
            )  # fmt: skip
            self._send(self._process, self._order)
            self._receive(self._process)
        return self._process

    def _send(self, process: subprocess.Popen[bytes], value: Any) -> None:
        assert process.stdin is not None
        pickle.dump(value, process.stdin, pickle.HIGHEST_PROTOCOL)
        process.stdin.flush()

    def _receive(self, process: subprocess.Popen[bytes]) -> Any:
        assert process.stdout is not None
        kind, value = pickle.load(process.stdout)
        if kind == "error":
            self.close()
            raise value
        return value

    def _died(self) -> DiedError:
        process = self._process
        if process is None:  # closed by another thread
            raise WorkerError("the run was stopped")
        code = process.wait()
        self.close()
        self._place.seek(0)
        place = self._place.read(len(PLACE % 0))  # of one that did not start, why
        at = int(place) if place.strip().isdigit() else None
        if code == OUT_OF_MEMORY:
            return DiedError(at, f"needs more memory than {_size(self._memory)}", by_itself=True)
        if code == -signal.SIGALRM:
            return DiedError(at, f"took longer than {self._seconds:g} seconds", by_itself=True)
        how = f"by signal {-code}" if code < 0 else f"with status {code}"
        by_itself = code not in (-signal.SIGKILL, -signal.SIGTERM)
        return DiedError(at, f"ended the process that analysed it, {how}", by_itself=by_itself)


def _size(size: int | None) -> str:
    return "there is" if size is None else f"{size / (1 << 20):,.0f} MiB"
