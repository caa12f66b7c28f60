"""Work for a client that may leave, or wait too long."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive

from mien.server.problems import Problem

T = TypeVar("T")


async def in_time(request: Request, work: Coroutine[Any, Any, T], seconds: float) -> T:
    """What ``work`` returns; it is cancelled when the client leaves or ``seconds`` are over.

    The request's body must have been read. Raises ``ClientDisconnect``, and ``Problem`` 503.
    """
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_leaves(request.receive))
    try:
        done, _ = await asyncio.wait(
            {task, gone}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
        )
        if task in done:
            return task.result()
        if gone in done:
            raise ClientDisconnect
        raise Problem(
            503, f"this took longer than {seconds:g} s: send less at once, or try again later",
            {"Retry-After": "5"},
        )  # fmt: skip
    finally:
        task.cancel()
        gone.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _leaves(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
