"""What all operations of one server share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.requests import HTTPConnection

from mien.pipeline import Recognizer
from mien.server.access.gate import Access
from mien.server.engine import Engine
from mien.server.followers import Followers
from mien.server.jobs.queue import VideoJobs
from mien.server.live.room import LiveRoom
from mien.server.meters import Meters
from mien.server.private_folder import PrivateFolder
from mien.server.settings import ServerSettings

if TYPE_CHECKING:
    from mien.log.database import Log


@dataclass(slots=True)
class Context:
    """Made once for an application, found in ``app.state.context``."""

    settings: ServerSettings
    recognizer: Recognizer
    access: Access
    meters: Meters
    engine: Engine
    folder: PrivateFolder
    jobs: VideoJobs
    live: LiveRoom
    followers: Followers
    log: Log | None = None
    models: dict[str, Any] | None = None
    """Facts of the models, gathered when they are first asked for."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the server begins to end: streams that would go on then end."""
    closing: list[Callable[[], object]] = field(default_factory=list)
    """Called when the server has ended, the last one first."""

    def close(self) -> None:
        """Give back all that the server holds."""
        self.stopping.set()
        while self.closing:
            self.closing.pop()()


def context_of(connection: HTTPConnection) -> Context:
    """That of the application which a request or WebSocket came to; a FastAPI dependency."""
    context: Context = connection.app.state.context
    return context
