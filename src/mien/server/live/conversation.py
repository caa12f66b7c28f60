"""The messages of one live connection: one frame is worked on, and the newest waits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any, TypeVar

import anyio
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from mien.errors import LogError, MienError, OutputError
from mien.parsing import parse_json
from mien.server.access.roles import Who
from mien.server.context import Context
from mien.server.live.inbox import Inbox, Sent
from mien.server.live.stream import PLACE, LiveStream
from mien.server.problems import Problem, status_of

T = TypeVar("T")

IDLE_S = 60.0
"""Without a message for so long, a connection is closed."""
SEND_S = 20.0
"""The longest time that a client may take to receive a result."""
_LEFT = WebSocketDisconnect, OSError, RuntimeError
"""What sending raises when the client has left; ``RuntimeError``: after it was closed."""
_MOST_COMMAND = 2000
_MOST_NAME = 100
NORMAL, POLICY, TOO_BIG, GOING_AWAY, AGAIN = 1000, 1008, 1009, 1001, 1013
"""Codes with which a WebSocket is closed (RFC 6455, 7.4.1)."""


class Conversation:
    """Talks to one client until one of the two has enough."""

    def __init__(self, socket: WebSocket, context: Context, who: Who, smooth: float) -> None:
        self._socket, self._context, self._who = socket, context, who
        self._inbox = Inbox()
        self._stream = LiveStream(context, who.name, smooth)
        self._closing: tuple[int, str] = NORMAL, ""

    async def hold(self) -> None:
        """Talk. The connection is closed when this returns."""
        limits = self._context.settings.limits
        labels = list(self._context.recognizer.classifier.spec.labels)
        hello = {"labels": labels, "idle_s": IDLE_S, "frame_bytes": limits.frame_bytes}
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._listen)
                group.start_soon(self._watch_end)
                with suppress(*_LEFT):
                    await self._send({"hello": hello})
                    await self._answer()
                group.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                with suppress(MienError):
                    await self._in_thread(self._stream.close)
                await self._close()

    async def _listen(self) -> None:
        limit = self._context.settings.limits.frame_bytes
        while not self._inbox.is_closed:
            try:
                message = await asyncio.wait_for(self._socket.receive(), IDLE_S)
            except TimeoutError:
                self._end(NORMAL, f"no frame came for {IDLE_S:g} s")
                return
            except _LEFT:
                self._end(NORMAL, "")
                return
            if message["type"] != "websocket.receive":
                self._end(NORMAL, "")
                return
            data, text = message.get("bytes"), message.get("text")
            if len(data or text or "") > limit:
                self._end(TOO_BIG, f"a frame may have {limit:,} bytes")
            elif data is not None:
                drops = self._inbox.put_frame(data, time.monotonic())
                self._context.meters.frames.inc()
                self._context.meters.dropped.inc(drops)
            elif not self._inbox.put_command(text or ""):
                self._end(POLICY, "too many commands at once")

    async def _watch_end(self) -> None:
        await self._context.stopping.wait()
        self._end(GOING_AWAY, "the server ends")

    async def _answer(self) -> None:
        while (item := await self._inbox.next()) is not None:
            await (self._frame(item) if isinstance(item, Sent) else self._command(item))

    async def _frame(self, sent: Sent) -> None:
        try:
            result = await self._in_thread(lambda: self._stream.read(sent))
        except MienError as error:
            await self._send({"seq": sent.number, "problem": _problem(error)})
            return
        answer: dict[str, Any] = {"seq": sent.number, "result": result.to_dict()}
        if self._inbox.dropped:
            answer["dropped"] = self._inbox.dropped
        await self._send(answer)
        if self._stream.person is not None:
            try:
                await self._in_thread(lambda: self._stream.record(result))
            except MienError as error:
                await self._send({"recording": None, "problem": _problem(error)})

    async def _command(self, text: str) -> None:
        try:
            person, place = _wish(text)
            if not self._who.may("care"):
                raise Problem(403, f"recording needs the role 'care'; yours is {self._who.role!r}")
            if person is None:
                await self._in_thread(self._stream.stop)
            else:
                await self._in_thread(lambda: self._stream.start(person, place))
        except (MienError, Problem) as error:
            await self._send({"recording": self._recording(), "problem": _problem(error)})
            return
        await self._send({"recording": self._recording()})

    def _recording(self) -> dict[str, str] | None:
        person = self._stream.person
        return None if person is None else {"person": person}

    def _end(self, code: int, reason: str) -> None:
        self._closing = code, reason
        self._inbox.close()

    async def _send(self, message: dict[str, Any]) -> None:
        try:
            await asyncio.wait_for(self._socket.send_json(message), SEND_S)
        except TimeoutError:
            self._end(POLICY, "results are not received")
            raise WebSocketDisconnect from None

    async def _close(self) -> None:
        states = self._socket.client_state, self._socket.application_state
        if states == (WebSocketState.CONNECTED, WebSocketState.CONNECTED):
            with suppress(TimeoutError, *_LEFT):
                await asyncio.wait_for(self._socket.close(*self._closing), SEND_S)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """Do blocking work in the threads of live streams; awaited even if the client left."""
        future = asyncio.get_running_loop().run_in_executor(self._context.live.pool, work)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            with anyio.CancelScope(shield=True), suppress(Exception):
                await future
            raise


def _wish(text: str) -> tuple[str | None, str]:
    """The person to record, ``None`` to stop, and the place. Raises ``Problem`` 422."""
    wrong = Problem(422, 'expected {"record": {"person": "…"}} or {"record": null}')
    try:
        value = parse_json(text, most=_MOST_COMMAND)
    except ValueError:
        raise wrong from None
    if not isinstance(value, dict) or set(value) != {"record"}:
        raise wrong
    wanted = value["record"]
    if wanted is None:
        return None, PLACE
    if not isinstance(wanted, dict) or not set(wanted) <= {"person", "place"}:
        raise wrong
    person, place = wanted.get("person"), wanted.get("place", PLACE)
    if not (isinstance(person, str) and isinstance(place, str) and place.isprintable()):
        raise wrong
    if not 0 < len(place) <= _MOST_NAME:
        raise wrong
    return person, place


def _problem(error: MienError | Problem) -> dict[str, Any]:
    status = error.status if isinstance(error, Problem) else status_of(error)
    if isinstance(error, LogError | OutputError):
        status = 503
    return {"title": HTTPStatus(status).phrase, "status": status, "detail": str(error)}
