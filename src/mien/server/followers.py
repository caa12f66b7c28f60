"""Answers that go on for long: how many there are at once."""

from __future__ import annotations

from collections.abc import AsyncIterator

from mien.server.problems import Problem


class Followers:
    """Counts the answers that are streamed."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.count = 0

    def held(self, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """``parts``, counted while they are sent. Raises ``Problem`` 503 if there are too many."""
        if self.count >= self._most:
            raise Problem(503, "too many clients follow videos: try again", {"Retry-After": "10"})
        return self._held(parts)

    async def _held(self, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        self.count += 1
        try:
            async for part in parts:
                yield part
        finally:
            self.count -= 1
