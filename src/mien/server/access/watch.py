"""Ends a request that takes long when what it was let in by is valid no more."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import anyio
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mien.server.access.gate import Access
from mien.server.problems import problem

LOOK_S = 1.0
"""How often that is asked of a stream that says nothing."""
_REVOKED = "the token or session was revoked, or has expired"
_POLICY = 1008


class Ended(OSError):  # noqa: N818 - an end, not a fault
    """Raised by ``send`` where a client is let in no more, as when it has left."""


class Watched:
    """One request or WebSocket."""

    def __init__(
        self, access: Access, scope: Scope, receive: Receive, send: Send, headers: dict[str, str]
    ) -> None:
        """``headers``: of every answer that does not set them itself."""
        self._access, self._scope, self._headers = access, scope, headers
        self._receive, self._send = receive, send
        self._held = anyio.CancelScope()
        self._timer: asyncio.TimerHandle | None = None
        self._has_begun = self._is_whole = self._is_ended = False

    async def answer(self, app: ASGIApp) -> None:
        """Let ``app`` answer, and end the answer if need be."""
        try:
            with self._held:
                await app(self._scope, self._received, self._sent)
        except Exception:
            if not self._is_ended:  # else it follows from the end
                raise
        finally:
            if self._timer is not None:
                self._timer.cancel()
        if self._is_ended:
            await self._end()

    async def _received(self) -> Message:
        message = await self._receive()
        if message["type"] == "websocket.receive":
            self._access.use(self._scope)
        elif message["type"] == "http.request" and not self._holds():
            return {"type": "http.disconnect"}
        return message

    async def _sent(self, message: Message) -> None:
        kind = message["type"]
        if self._is_ended:
            raise Ended(_REVOKED)
        if kind in ("http.response.start", "websocket.http.response.start"):
            headers = MutableHeaders(scope=message)
            for name, value in self._headers.items():
                headers.setdefault(name, value)
        goes_on = kind == "websocket.send" or bool(message.get("more_body"))
        if goes_on and not self._holds():
            raise Ended(_REVOKED)
        if self._timer is None and (goes_on or kind == "websocket.accept"):
            self._look()
        self._has_begun = True
        self._is_whole = kind in ("http.response.body", "websocket.close") and not goes_on
        await self._send(message)

    def _holds(self) -> bool:
        self._is_ended = self._is_ended or not self._access.still_holds(self._scope)
        return not self._is_ended

    def _look(self) -> None:
        if self._is_whole:
            return
        if self._holds():
            self._timer = asyncio.get_running_loop().call_later(LOOK_S, self._look)
        else:
            self._held.cancel()

    async def _end(self) -> None:
        if self._is_whole:
            return
        with suppress(OSError, RuntimeError):  # the client has left
            if self._scope["type"] == "websocket":
                await self._send({"type": "websocket.close", "code": _POLICY, "reason": _REVOKED})
            elif self._has_begun:
                await self._send({"type": "http.response.body", "body": b""})
            else:
                await problem(401, _REVOKED, self._headers)(self._scope, self._receive, self._send)
