"""The dependency by which an operation asks for a role."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import HTTPConnection

from mien.server.access.who import ROLES, Role, Who
from mien.server.context import context_of
from mien.server.problems import Problem

__all__ = ["ROLES", "ROLE_OF", "Role", "Who", "needs"]

ROLE_OF: dict[Any, Role] = {}
"""The role that each dependency made by ``needs`` asks for; the OpenAPI document names it."""


_LOG_IN = "log in first: give a token (Authorization: Bearer mien_…), or open the start link"
_BEHIND_A_PROXY = (
    "behind a proxy everybody needs a token: make one with 'mien serve token create NAME', and "
    "name the proxy with --allow-host"
)


def needs(role: Role) -> Callable[[HTTPConnection], Awaitable[Who]]:
    """A dependency of operations and WebSockets: ``who: Annotated[Who, Depends(needs("care"))]``.

    Requests without credentials get 401, those of lower roles 403; a WebSocket is closed with 1008.
    """

    async def check(connection: HTTPConnection) -> Who:
        access = context_of(connection).access
        who = access.who(connection)
        if who is None:
            detail = _BEHIND_A_PROXY if access.is_open else _LOG_IN
            raise Problem(401, detail, {"WWW-Authenticate": 'Bearer realm="mien"'})
        if not who.may(role):
            raise Problem(403, f"this needs the role {role!r}; yours is {who.role!r}")
        return who

    ROLE_OF[check] = role
    return check
