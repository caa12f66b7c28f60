"""``WS /v1/live``: frames in, results out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, WebSocket

from mien.server.access.roles import Who, needs
from mien.server.context import context_of
from mien.server.live.conversation import Conversation
from mien.tracking.smoothing import TIME_CONSTANT_S

router = APIRouter()


@router.websocket("/v1/live")
async def live(
    socket: WebSocket,
    who: Annotated[Who, Depends(needs("analyse"))],
    smooth: Annotated[float, Query(ge=0, le=60)] = TIME_CONSTANT_S,
) -> None:
    """Binary messages are JPEG frames; each is answered, or dropped for a newer one."""
    context = context_of(socket)
    with context.live.seat(who.id):
        await socket.accept()
        await Conversation(socket, context, who, smooth).hold()
