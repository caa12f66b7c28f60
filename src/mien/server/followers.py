"""Answers that go on for long: how many there are at once."""

from __future__ import annotations

from collections.abc import AsyncIterator

from mien.server.places import Places


class Followers:
    """Counts the answers that are streamed."""

    def __init__(self, most: int) -> None:
        self._places = Places(most, "streams of videos")

    def held(self, parts: AsyncIterator[bytes], owner: str) -> AsyncIterator[bytes]:
        """``parts``, counted while they are sent.

        Raises ``Problem`` 429 or 503 where there are too many, of the owner or in all.
        """
        self._places.check(owner)
        return self._held(parts, owner)

    async def _held(self, parts: AsyncIterator[bytes], owner: str) -> AsyncIterator[bytes]:
        with self._places.hold(owner):
            async for part in parts:
                yield part
