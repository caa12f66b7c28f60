"""Errors as answers: one status for each class of the error tree (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from mien.errors import (
    ConfigError,
    ConflictError,
    InputError,
    LogError,
    MienError,
    MissingExtraError,
    NotFoundError,
    UnknownNameError,
)

MEDIA_TYPE = "application/problem+json"

STATUS: tuple[tuple[type[MienError], int], ...] = (
    (UnknownNameError, 404),
    (NotFoundError, 404),
    (ConflictError, 409),
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

    @app.exception_handler(Problem)
    async def refused(request: Request, error: Problem) -> JSONResponse:
        return problem(error.status, str(error), error.headers)

    @app.exception_handler(MienError)
    async def failed(request: Request, error: MienError) -> JSONResponse:
        return problem(status_of(error), str(error))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return problem(422, f"{place}: {first['msg']}")

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        headers = dict(error.headers) if error.headers else None
        return problem(error.status_code, str(error.detail), headers)
