"""The OpenAPI document: roles, problems and real examples added to what FastAPI derives."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from mien.server.access.roles import ROLE_OF, Role
from mien.server.problems import MEDIA_TYPE
from mien.server.schemas import SCHEMAS

EXAMPLES = Path(__file__).parent / "examples.json"
"""Operation → an answer that a server gave; tools/server_examples.py writes it."""
_PROBLEM = {
    "description": "Refused; `detail` says why.",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_ALWAYS = ("422", "429", "503", "default")
_SECURITY = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token of 'mien serve token create'.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "mien_session_8000",
        "description": "Of the page, by POST /v1/session; the name ends with the server's port.",
    },
}
_DESCRIPTION = """\
Faces and their expressions in pictures, videos and live streams, and a private record over weeks.

Errors are `application/problem+json` (RFC 9457). Each operation names the role that it needs; roles
are a ladder: analyse, watch, care, admin. On this machine nobody needs a token to analyse, as long
as none was made.
"""


def describe(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Let ``app`` answer ``/openapi.json`` with this document."""
    app.description = _DESCRIPTION
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _complete(plain(), routers)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way


def name_of(route: APIRoute) -> str:
    """The operation's id: the name of its function."""
    return route.name


def _complete(document: dict[str, Any], routers: Sequence[APIRouter]) -> dict[str, Any]:
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas.update(SCHEMAS)
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    components["securitySchemes"] = _SECURITY
    examples = json.loads(EXAMPLES.read_text("utf-8"))
    for path, method, route in _operations(routers):
        operation = document["paths"].get(path, {}).get(method)
        if operation is None:  # not in the document on purpose
            continue
        responses = operation["responses"]
        role = _role(route.dependant)
        for status in (*_ALWAYS, *(("401", "403") if role else ())):
            responses[status] = _PROBLEM
        if "{" in path or path.startswith("/v1/log"):
            responses["404"] = _PROBLEM
        if method in ("post", "delete") and path.startswith("/v1/log"):
            responses["409"] = _PROBLEM
        if "requestBody" in operation:
            responses["408"] = responses["413"] = _PROBLEM
        if role:
            operation["security"] = [{"token": []}, {"session": []}]
            operation["description"] = f"{operation.get('description', '')}\n\nRole: {role}."
        if route.name in examples:
            for response in responses.values():
                for kind, content in response.get("content", {}).items():
                    if kind == "application/json":
                        content["example"] = examples[route.name]
    return document


def _operations(routers: Sequence[APIRouter]) -> Iterator[tuple[str, str, APIRoute]]:
    for router in routers:
        for route in router.routes:
            if isinstance(route, APIRoute):
                for method in route.methods or ():
                    yield route.path, method.lower(), route


def _role(dependant: Dependant) -> Role | None:
    """What an operation asks for."""
    for inner in dependant.dependencies:
        if role := ROLE_OF.get(inner.call) or _role(inner):
            return role
    return None
