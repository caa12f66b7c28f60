"""Bodies of requests: counted while they arrive, and given only so much time."""

from __future__ import annotations

import asyncio
import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mien.server.problems import problem
from mien.server.settings import Limits

SMALL_BYTES = 1024 * 1024
"""Of a request that is neither a picture nor a video."""
LEAST_RATE = 64 * 1024
"""Bytes a second that a body has to come at, after its first ``Limits.request_s``."""
LEAST_VIDEO_RATE = 256 * 1024
"""Of a video, which takes a place in the queue while it arrives."""


class Bodies:
    """An ASGI middleware that ends requests which are too large or too slow.

    ``Content-Length`` is believed only where it is too large. What a client sends on after it was
    refused is dropped by the protocol, which then closes the connection.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app, self._limits = app, limits
        self._held = 0  # bytes of bodies in memory

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._most(scope)
        length = Headers(scope=scope).get("content-length", "")
        if re.fullmatch(r"[0-9]{1,30}", length) and int(length) > most:
            await _too_large(most)(scope, receive, send)
            return
        is_in_memory = not _is_video(scope)
        least_rate = LEAST_RATE if is_in_memory else LEAST_VIDEO_RATE
        loop = asyncio.get_running_loop()
        began, received, is_complete, is_over = loop.time(), 0, False, False
        is_begun = is_ended = False

        async def counted() -> Message:
            nonlocal received, is_complete, is_over
            if is_complete:
                return await receive()  # waits until the client leaves
            if is_over:
                return {"type": "http.disconnect"}
            end = began + self._limits.request_s + received / least_rate
            try:
                async with asyncio.timeout_at(end):
                    message = await receive()
            except TimeoutError:
                detail = f"the request did not arrive within {self._limits.request_s:g} s"
                return await refuse(problem(408, detail, {"Connection": "close"}))
            if message["type"] != "http.request":
                return message
            size = len(message.get("body", b""))
            received += size
            self._held += size if is_in_memory else 0
            if received > most:
                return await refuse(_too_large(most))
            if self._held > self._limits.memory_bytes:
                detail = "the server is receiving too much at once: try again soon"
                return await refuse(problem(503, detail, {"Retry-After": "2"}))
            is_complete = not message.get("more_body", False)
            return message

        async def refuse(answer: ASGIApp) -> Message:
            nonlocal is_over
            if not is_begun:
                await answer(scope, receive, sent)
            elif not is_ended:  # a stream, which needs no body
                await send({"type": "http.response.body", "body": b""})
            is_over = True
            return {"type": "http.disconnect"}

        async def sent(message: Message) -> None:
            nonlocal is_begun, is_ended
            is_begun = True
            is_ended = message["type"] == "http.response.body" and not message.get("more_body")
            if not is_over:
                await send(message)

        try:
            await self._app(scope, counted, sent)
        finally:
            self._held -= received if is_in_memory else 0

    def _most(self, scope: Scope) -> int:
        if _is_video(scope):
            return self._limits.video_bytes
        is_picture = scope["path"].startswith("/v1/analyze")
        return self._limits.body_bytes if is_picture else SMALL_BYTES


def _is_video(scope: Scope) -> bool:
    return bool(scope["path"].startswith("/v1/videos"))


def _too_large(most: int) -> ASGIApp:
    return problem(413, f"the request is larger than {most:,} bytes")
