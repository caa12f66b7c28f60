"""Who is asking, and logging in and out of the page."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import HTTPConnection

from mien.server.access.gate import MOST_SECRET, address_of, cookie_header
from mien.server.access.who import ANYBODY, Role
from mien.server.context import Context, context_of
from mien.version import __version__

router = APIRouter(prefix="/v1/session", tags=["session"])


class LimitsOut(BaseModel):
    """What one request may cost."""

    pictures: int
    body_bytes: int
    video_bytes: int
    pixels: int


class SessionOut(BaseModel):
    """Whom the server takes the client for, and what it can do."""

    name: str | None = Field(description="Of the token or user; null for anybody.")
    role: Role = Field(description="Each role may do what those before it may.")
    log_in: bool = Field(description="Whether logging in leads to more.")
    log: bool = Field(description="Whether a log is open.")
    version: str
    labels: list[str] = Field(description="The expressions, in the classifier's order.")
    limits: LimitsOut


class ByToken(BaseModel):
    """Logs in by a token."""

    model_config = ConfigDict(extra="forbid")

    token: str = Field(max_length=MOST_SECRET, examples=["mien_…"])


class ByCode(BaseModel):
    """Logs in by the code of the start link."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(max_length=MOST_SECRET)


In = Annotated[Context, Depends(context_of)]


@router.get("")
async def get_session(connection: HTTPConnection, context: In) -> SessionOut:
    """Whom the server takes this client for; answered to everybody."""
    who = context.access.who(connection)
    name = None if who is None or who is ANYBODY else who.name
    return _session(context, name, "none" if who is None else who.role)


@router.post("")
async def log_in(
    connection: HTTPConnection, response: Response, given: ByToken | ByCode, context: In
) -> SessionOut:
    """Begin a session of the page by a token or by the start code; sets a cookie."""
    cookie = context.access.log_in(address_of(connection), **given.model_dump())
    session = context.access.sessions.find(cookie)
    assert session is not None
    context.access.log_out(connection)
    response.headers["Set-Cookie"] = cookie_header(connection, cookie)
    return _session(context, session.who.name, session.who.role)


@router.delete("", status_code=204)
async def log_out(connection: HTTPConnection, response: Response, context: In) -> None:
    """End the session of the page."""
    context.access.log_out(connection)
    response.headers["Set-Cookie"] = cookie_header(connection, None)


def _session(context: Context, name: str | None, role: Role) -> SessionOut:
    limits = context.settings.limits
    return SessionOut(
        name=name,
        role=role,
        log_in=role == "none" or context.access.can_log_in,
        log=context.settings.log is not None,
        version=__version__,
        labels=list(context.recognizer.classifier.spec.labels),
        limits=LimitsOut(
            pictures=limits.pictures,
            body_bytes=limits.body_bytes,
            video_bytes=limits.video_bytes,
            pixels=limits.pixels,
        ),
    )
