"""What all operations of one server share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.requests import HTTPConnection

from mien.pipeline import Recognizer
from mien.server.settings import ServerSettings

if TYPE_CHECKING:
    from mien.log.database import Log


@dataclass(slots=True)
class Context:
    """Made once for an application, found in ``app.state.context``."""

    settings: ServerSettings
    recognizer: Recognizer
    log: Log | None = None


def context_of(connection: HTTPConnection) -> Context:
    """That of the application which a request or WebSocket came to; a FastAPI dependency."""
    context: Context = connection.app.state.context
    return context
