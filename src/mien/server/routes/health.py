"""Whether the server is alive and ready, and its figures for Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import generate_latest
from pydantic import BaseModel

from mien.server.access.roles import Who, needs
from mien.server.context import Context, context_of
from mien.server.problems import Problem

if TYPE_CHECKING:
    from mien.log.database import Log

router = APIRouter(tags=["health"])

PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


class StatusOut(BaseModel):
    """How the server is."""

    status: str


@router.get("/healthz")
async def alive() -> StatusOut:
    """The process answers."""
    return StatusOut(status="ok")


@router.get("/readyz")
async def ready(context: Annotated[Context, Depends(context_of)]) -> StatusOut:
    """The networks are loaded, and there is room for requests; else 503."""
    if context.stopping.is_set() or context.engine.is_full:
        raise Problem(503, "the server is ending, or too many requests wait", {"Retry-After": "2"})
    return StatusOut(status="ok")


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(
    context: Annotated[Context, Depends(context_of)],
    who: Annotated[Who, Depends(needs("analyse"))],
) -> Response:
    """Requests, latencies, faces, queue, batches, dropped frames and alerts, for Prometheus."""
    context.meters.set_videos(context.jobs.states())
    if context.log is not None:
        context.meters.set_alerts(_count_alerts(context.log))
    return Response(generate_latest(context.meters.registry), media_type=PROMETHEUS)


def _count_alerts(log: Log) -> dict[str, int]:
    """State → alerts."""
    from sqlalchemy import func, select

    from mien.log.alert_tables import ALERTS

    query = select(ALERTS.c.state, func.count()).group_by(ALERTS.c.state)
    with log.read() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}
