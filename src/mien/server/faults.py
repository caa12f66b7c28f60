"""Requests that fail by the server's own fault: answered as a problem, reported on one line."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from pathlib import Path

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from mien.server.problems import problem

OnFault = Callable[[str], None]


class Faults:
    """The outermost ASGI middleware."""

    def __init__(self, app: ASGIApp, on_fault: OnFault, count: Callable[[], object]) -> None:
        """``count`` is called for each of them."""
        self._app, self._on_fault, self._count = app, on_fault, count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; an error that nothing else has answered is answered here."""
        begun = False

        async def sent(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, sent)
        except (ClientDisconnect, WebSocketDisconnect):
            pass
        except Exception as error:
            if scope["type"] == "lifespan":
                raise
            self._count()
            self._on_fault(f"{scope.get('method', 'WS')} {where(error)}: {error!r}")
            if begun:
                return
            if scope["type"] == "http":
                detail = "an unexpected error: the server's terminal has the details"
                await problem(500, detail, {"Connection": "close"})(scope, receive, send)
            else:
                await send({"type": "websocket.close", "code": 1011, "reason": ""})


def where(error: BaseException) -> str:
    """The last line of Mien on an error's way; a path of the request may hold a person's name."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if f"{os.sep}mien{os.sep}" in frame.filename]
    last = (own or frames)[-1:]
    return f"{Path(last[0].filename).name}:{last[0].lineno}" if last else "?"
