from __future__ import annotations

import asyncio
from unittest.mock import Mock

import pytest

pytest.importorskip("fastapi", reason="the extra 'server' is not installed")

import uvicorn
from uvicorn.server import ServerState

from mien.server.protocol import HEAD_S, TICK_S, BoundedH11


class Late:
    """A loop on a busy machine: each call comes a minute late."""

    def __init__(self) -> None:
        self._now = 0.0
        self.call_later = Mock()

    def time(self) -> float:
        return self._now

    def tick(self) -> None:
        self._now += 60
        self.call_later.call_args.args[1]()


def test_a_busy_server_blames_no_client() -> None:
    loop = Mock(spec=asyncio.AbstractEventLoop)
    late = Late()
    loop.time, loop.call_later = late.time, late.call_later
    transport = Mock(spec=asyncio.Transport)
    transport.get_write_buffer_size.return_value = 0
    transport.get_extra_info.return_value = None

    async def app(scope: object, receive: object, send: object) -> None: ...

    config = uvicorn.Config(app, log_config=None)
    config.load()
    connection = BoundedH11(config, ServerState(), {}, loop)
    connection.connection_made(transport)
    for _ in range(int(HEAD_S / TICK_S)):
        late.tick()
    transport.close.assert_not_called()
    late.tick()
    transport.close.assert_called_once()
