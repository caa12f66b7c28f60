"""What a client has sent and nobody has looked at: of frames only the newest."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

MOST_COMMANDS = 8


@dataclass(frozen=True, slots=True)
class Sent:
    """One frame."""

    number: int
    """From 1, counting all frames of the connection."""
    data: bytes
    time_s: float


class Inbox:
    """Of one connection; used in the event loop alone."""

    def __init__(self) -> None:
        self._frame: Sent | None = None
        self._commands: deque[str] = deque()
        self._news = asyncio.Event()
        self.received = self.dropped = 0
        self.is_closed = False

    def put_frame(self, data: bytes, time_s: float) -> bool:
        """Take a frame; whether one that waited was dropped for it."""
        drops = self._frame is not None
        self.received += 1
        self.dropped += drops
        self._frame = Sent(self.received, data, time_s)
        self._news.set()
        return drops

    def put_command(self, text: str) -> bool:
        """Take a command; whether there was room."""
        if len(self._commands) >= MOST_COMMANDS:
            return False
        self._commands.append(text)
        self._news.set()
        return True

    def close(self) -> None:
        """Nothing more comes: what waits is not looked at."""
        self.is_closed = True
        self._news.set()

    async def next(self) -> str | Sent | None:
        """The next command, or else the newest frame; ``None`` when the inbox is closed."""
        while not self.is_closed:
            if self._commands:
                return self._commands.popleft()
            if self._frame is not None:
                frame, self._frame = self._frame, None
                return frame
            self._news.clear()
            await self._news.wait()
        return None
