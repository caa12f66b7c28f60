"""What a job brings, as streams that go on while it runs: results, and events of progress."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO

from anyio import to_thread

from mien.server.jobs.job import Job

HEARTBEAT_S = 15.0
"""Seconds after which an event stream says that it is alive."""
_LOOK_S = 0.2
_PART = 1 << 18


async def result_lines(
    job: Job, path: Path, start: int, stopping: asyncio.Event
) -> AsyncIterator[bytes]:
    """The results of a job, a JSON object a line, from number ``start`` on, until it is over.

    Ends early when ``stopping`` is set.
    """
    reader = _Lines(path, start)
    try:
        while True:
            is_over = job.is_over
            while part := await to_thread.run_sync(reader.read):
                yield part
            if is_over or await _is_set(stopping, _LOOK_S):
                return
    finally:
        reader.close()


async def events(job: Job, stopping: asyncio.Event) -> AsyncIterator[bytes]:
    """Server-sent events: ``progress`` when the job has moved on, then ``done`` or ``failed``."""
    before, said = "", time.monotonic()
    while True:
        is_over = job.is_over
        now = json.dumps(job.public())
        if is_over:
            name = "done" if job.state == "done" else "failed"
            yield f"event: {name}\ndata: {now}\n\n".encode()
            return
        if now != before:
            yield f"event: progress\ndata: {now}\n\n".encode()
            before, said = now, time.monotonic()
        elif time.monotonic() - said > HEARTBEAT_S:
            yield b": still here\n\n"
            said = time.monotonic()
        if await _is_set(stopping, _LOOK_S):
            return


async def _is_set(event: asyncio.Event, seconds: float) -> bool:
    """Whether ``event`` is set within some seconds."""
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True


class _Lines:
    """Whole lines of a file that grows, from a number on."""

    def __init__(self, path: Path, start: int) -> None:
        self._path, self._skip = path, start
        self._file: IO[bytes] | None = None
        self._rest = b""

    def read(self) -> bytes:
        """The next whole lines; empty where there are none yet."""
        if self._file is None:
            try:
                self._file = self._path.open("rb")
            except OSError:
                return b""
        while True:
            part = self._file.read(_PART)
            if not part:
                return b""
            whole, at, self._rest = (self._rest + part).rpartition(b"\n")
            lines = whole + at
            if self._skip and lines:
                kept = lines.split(b"\n", self._skip)
                self._skip -= min(self._skip, lines.count(b"\n"))
                lines = b"" if self._skip else kept[-1]
            if lines:
                return lines

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
