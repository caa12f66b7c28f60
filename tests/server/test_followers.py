from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

pytest.importorskip("fastapi", reason="the extra 'server' is not installed")

from mien.server.followers import Followers
from mien.server.problems import Problem


async def _lasting() -> AsyncIterator[bytes]:
    while True:
        yield b"line\n"


def test_places_are_limited_for_one_and_for_all() -> None:
    async def follow() -> None:
        followers = Followers(4)
        held = [followers.held(_lasting(), owner) for owner in "aabb"]
        assert [await anext(one) for one in held] == [b"line\n"] * 4
        assert _status(followers, "c") == 503
        await held.pop().aclose()  # type: ignore[attr-defined]  # a generator
        assert _status(followers, "a") == 429  # half of them
        assert _status(followers, "b") is None

    asyncio.run(follow())


def _status(followers: Followers, owner: str) -> int | None:
    """Of the problem that somebody gets who would follow."""
    try:
        followers.held(_lasting(), owner)
    except Problem as error:
        assert "Retry-After" in error.headers
        return error.status
    return None
