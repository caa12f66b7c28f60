"""What a long request was let in by, and is valid no more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra 'server' is not installed")

from mien.server.access import watch
from mien.server.access.gate import CREDENTIAL, Access, Credential
from mien.server.access.tokens import TokenFile
from mien.server.access.watch import Watched
from mien.server.settings import ServerSettings

App = Callable[[Any, Any, Any], Awaitable[None]]


class Revoked:
    """A request by a token, which ``revoke`` takes away."""

    def __init__(self, folder: Path) -> None:
        self._tokens = TokenFile(folder / "tokens.json")
        _, token = self._tokens.create("a", "care")
        self.scope: dict[str, Any] = {"type": "http", CREDENTIAL: Credential(token=token)}
        self.sent: list[dict[str, Any]] = []

    def revoke(self) -> None:
        self._tokens.revoke("a")

    def answer(self, app: App) -> list[dict[str, Any]]:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"x", "more_body": True}

        async def send(message: Any) -> None:
            self.sent.append(message)

        access = Access(ServerSettings(tokens=str(self._tokens.path)))

        async def main() -> None:
            async with asyncio.timeout(20):
                await Watched(access, self.scope, receive, send, {}).answer(app)

        asyncio.run(main())
        return self.sent


@pytest.fixture
def request_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Revoked:
    monkeypatch.setattr(watch, "LOOK_S", 0.01)
    return Revoked(tmp_path)


def test_a_stream_that_says_nothing_ends(request_: Revoked) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"1", "more_body": True})
        request_.revoke()
        await asyncio.sleep(60)

    assert [message.get("body") for message in request_.answer(app)] == [None, b"1", b""]


def test_a_silent_websocket_is_closed_with_the_reason(request_: Revoked) -> None:
    request_.scope["type"] = "websocket"

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        request_.revoke()
        try:
            await asyncio.sleep(60)
        finally:  # what it says of its own end does not count
            await send({"type": "websocket.close", "code": 1000})

    assert [message.get("code") for message in request_.answer(app)] == [None, 1008]


def test_what_arrives_after_the_end_is_not_taken(request_: Revoked) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["body"] == b"x"
        request_.revoke()
        assert (await receive())["type"] == "http.disconnect"
        await send({"type": "http.response.start", "status": 202, "headers": []})

    start, body = request_.answer(app)
    assert start["status"] == 401 and b"revoked" in body["body"]


def test_an_answer_that_is_whole_is_not_ended_again(request_: Revoked) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"1", "more_body": True})
        await send({"type": "http.response.body", "body": b"2"})
        request_.revoke()
        await asyncio.sleep(0.1)

    assert [message.get("body") for message in request_.answer(app)] == [None, b"1", b"2"]
