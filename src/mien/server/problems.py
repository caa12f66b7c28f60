"""Errors as answers: one status for each class of the error tree (RFC 9457)."""

from __future__ import annotations

from contextlib import suppress
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError, WebSocketRequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket, WebSocketState

from mien.errors import (
    ConfigError,
    ConflictError,
    InputError,
    LogError,
    MienError,
    MissingExtraError,
    NoConsentError,
    NotFoundError,
    UnknownNameError,
)

CLOSE = {401: 1008, 403: 1008, 413: 1009, 422: 1008, 429: 1013, 503: 1013}
"""How a WebSocket is closed in place of an answer; for others 1011, an error of the server."""
MEDIA_TYPE = "application/problem+json"

STATUS: tuple[tuple[type[MienError], int], ...] = (
    (UnknownNameError, 404),
    (NotFoundError, 404),
    (ConflictError, 409),
    (NoConsentError, 409),
    (InputError, 422),
    (ConfigError, 422),
    (LogError, 503),
    (MissingExtraError, 503),
)
"""The first class that an error belongs to decides; other errors are the server's own: 500."""


class Problem(Exception):  # noqa: N818 - RFC 9457's name
    """A request that is refused; ``status`` is HTTP's."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.headers = status, headers or {}


def problem(
    status: int, detail: str, headers: dict[str, str] | None = None, **more: Any
) -> JSONResponse:
    """The answer ``application/problem+json``. ``detail``: one line; ``more``: further members."""
    content = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return JSONResponse(content, status, headers, MEDIA_TYPE)


def status_of(error: MienError) -> int:
    """HTTP's status of an error of the tree."""
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def answer_errors(app: FastAPI) -> None:
    """Let ``app`` answer every error as a problem."""

    async def refused(connection: HTTPConnection, error: Problem) -> JSONResponse | None:
        return await _answer(connection, error.status, str(error), error.headers)

    async def failed(connection: HTTPConnection, error: MienError) -> JSONResponse | None:
        return await _answer(connection, status_of(error), str(error))

    async def invalid(
        connection: HTTPConnection, error: RequestValidationError | WebSocketRequestValidationError
    ) -> JSONResponse | None:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return await _answer(connection, 422, f"{place}: {first['msg']}")

    async def http(connection: HTTPConnection, error: HTTPException) -> JSONResponse | None:
        headers = dict(error.headers) if error.headers else None
        return await _answer(connection, error.status_code, str(error.detail), headers)

    handlers: dict[type[Exception], Any] = {
        Problem: refused,
        MienError: failed,
        RequestValidationError: invalid,
        WebSocketRequestValidationError: invalid,
        HTTPException: http,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


async def _answer(
    connection: HTTPConnection, status: int, detail: str, headers: dict[str, str] | None = None
) -> JSONResponse | None:
    if not isinstance(connection, WebSocket):
        return problem(status, detail, headers)
    if connection.client_state is WebSocketState.CONNECTING:
        await connection.accept()  # a browser learns the code and reason only so
    with suppress(RuntimeError):  # closed already
        await connection.close(CLOSE.get(status, 1011), _cut(detail, 100))
    return None


def _cut(detail: str, most: int) -> str:
    """``detail`` in at most ``most`` bytes: a WebSocket's reason has 123."""
    return detail.encode()[:most].decode(errors="ignore")
