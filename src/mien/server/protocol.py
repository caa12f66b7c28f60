"""Uvicorn's HTTP/1.1, with an end to what never ends.

Uvicorn waits without limit for the head of a request and for a client to read its answer. Here both
have a time, and so has the rest of a body that nobody will read because the request was refused.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from functools import lru_cache
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S = 10.0
"""For the head of a request to arrive, and for the rest of a refused one."""
WRITE_S = 20.0
"""For a client to take some more of its answer."""
TICK_S = 1.0
READ_BYTES = 1 << 14
"""What is read at once. asyncio's own 256 kB for each read, of which most stay empty, scatter the
memory that is free."""
MOST_CONNECTIONS = 8000
SPARE_FILES = 100
"""Of the files that the process may open, kept for everything but connections."""


class BoundedH11(H11Protocol):
    """One connection."""

    def connection_made(self, transport: Any) -> None:
        """Watch it, or end it at once where there are too many."""
        super().connection_made(transport)
        transport.max_size = READ_BYTES
        self._free_s = self._unsent_s = 0.0
        self._unsent = 0
        self._watch = self.loop.call_later(TICK_S, self._check)
        if len(self.connections) > most_connections():
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Watch it no more."""
        self._watch.cancel()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """From now on the next head is waited for."""
        self._free_s = 0.0
        super().on_response_complete()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Leave it to the WebSocket's own limits."""
        self._watch.cancel()
        super().handle_websocket_upgrade(event)

    def send_400_response(self, msg: str) -> None:
        """As for every other error; not in the middle of an answer."""
        self._refuse(400, "Bad Request", "this is no HTTP/1.1 request, or its head is too long")

    def _check(self) -> None:
        """Count the time in ticks: a late one is the server's own delay, not the client's.

        What has arrived until a tick is read before it, however many clients came at once.
        """
        self._watch = self.loop.call_later(TICK_S, self._check)
        self._free_s += TICK_S
        self._unsent_s += TICK_S
        is_free = self.cycle is None or self.cycle.response_complete
        if is_free and self.timeout_keep_alive_task is None and self._free_s > HEAD_S:
            if self.conn.trailing_data[0] and self.conn.our_state is h11.IDLE:
                self._refuse(408, "Request Timeout", f"no head arrived within {HEAD_S:g} s")
            else:
                self.transport.close()
        unsent = self.transport.get_write_buffer_size()
        if not unsent or unsent < self._unsent:
            self._unsent_s = 0.0
        elif self._unsent_s > WRITE_S:
            self.transport.abort()
        self._unsent = unsent

    def _refuse(self, status: int, title: str, detail: str) -> None:
        body = json.dumps({"title": title, "status": status, "detail": detail}).encode()
        headers = [
            (b"content-type", b"application/problem+json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        with suppress(h11.LocalProtocolError):  # an answer has begun
            for event in (
                h11.Response(status_code=status, headers=headers, reason=title.encode()),
                h11.Data(data=body),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True  # what was begun has nobody to answer any more
            self.cycle.message_event.set()
        self.transport.close()


@lru_cache(maxsize=1)
def most_connections() -> int:
    """Connections at a time; the process may open more files than that from now on."""
    if sys.platform == "win32":
        return 500
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + SPARE_FILES
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    files = wanted if soft == resource.RLIM_INFINITY else min(soft, wanted)
    return max(files - SPARE_FILES, files // 2)
