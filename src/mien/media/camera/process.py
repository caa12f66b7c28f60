"""Starts, watches and kills the process that reads a camera."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from mien.media.camera.arrivals import ENDED
from mien.media.camera.slots import SIZE, Slots

_MEMORY = Path("/dev/shm")
_DEATH_S = 5.0
# The address, which may hold a password, goes through a pipe: everybody sees arguments.
_CODE = (
    "import json, sys; settings = json.loads(sys.stdin.buffer.readline()); "
    "sys.path[:] = settings['path']; "
    "from mien.media.camera.child import main; main(settings)"
)


class ReadingProcess:
    """A process of its own that writes the frames of a camera into ``slots``.

    It is started anew, not forked, because networks of this process do not survive a fork. It ends
    when this process ends, however that happens.
    """

    def __init__(self, camera: int | str, limit: int, freeze_s: float | None) -> None:
        """``limit``: pixels of a frame. ``freeze_s``: as of ``open_camera``. Raises ``OSError``."""
        folder = _MEMORY if os.access(_MEMORY, os.W_OK) else None
        file, path = tempfile.mkstemp(prefix="mien-", dir=folder)
        try:
            self._path = path
            os.ftruncate(file, SIZE)
            self.slots = Slots(file)
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _CODE], stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for this process, which then ends the other
            )  # fmt: skip
            self._send({
                "camera": camera, "memory": path, "limit": limit, "freeze_s": freeze_s,
                "path": sys.path,
            })  # fmt: skip
        except BaseException:
            self._remove()
            raise
        finally:
            os.close(file)

    def end(self) -> str | None:
        """Why the process has ended; ``None`` while it runs."""
        status = self._process.poll()
        return None if status is None else self._reason(status)

    def kill(self) -> None:
        """End the process at once; a second call does nothing."""
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):  # a driver that hangs keeps even a dead process
            self._process.wait(_DEATH_S)
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
        self._remove()

    def _send(self, settings: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it has died, which end() says
            self._process.stdin.write(json.dumps(settings).encode() + b"\n")
            self._process.stdin.flush()

    def _reason(self, status: int) -> str:
        if status < 0:
            return f"the process that reads it was killed by signal {-status}"
        if status == ENDED and self.slots.end:
            return self.slots.end
        return f"the process that reads it failed with status {status}"

    def _remove(self) -> None:
        Path(self._path).unlink(missing_ok=True)
