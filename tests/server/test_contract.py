"""Every operation keeps to the OpenAPI document, whatever it is sent (schemathesis)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra 'server' is not installed")
pytest.importorskip("schemathesis", reason="schemathesis is not installed")

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS

from mien.log.opening import create_log
from mien.log.persons import add_person
from mien.server.access import throttle
from mien.server.access.tokens import TokenFile
from mien.server.app import create_app
from mien.server.settings import ServerSettings
from tests.server.support.operations import OPERATIONS

HOST = "127.0.0.1:8000"
FEW, MANY = 4, 200
"""Requests to each operation; the first number in the tests of every change."""
LEFT_OUT = {"object_level_authorization"}
"""Roles, not owners, say who may see a thing."""

MEANING = {
    "POST /v1/analyze",
    "DELETE /v1/log/persons/{person}",
    "POST /v1/videos",
    "POST /v1/log/alerts/{number}/acknowledgement",
    "POST /v1/log/alerts/{number}/feedback",
    "POST /v1/log/alerts/{number}/resolution",
    "POST /v1/log/persons/{person}/consents",
    "GET /v1/log/persons/{person}/export",
    "GET /v1/log/persons/{person}/observations",
    "GET /v1/log/persons/{person}/report",
    "GET /v1/log/persons/{person}/trends",
}
"""Operations that refuse what no schema can say: bytes that are no video, days out of order, text
that is not printable."""


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The document of a real application with an empty log, and an administrator's token."""
    folder = tmp_path_factory.mktemp("contract")
    with create_log(folder / "log.db") as log:
        add_person(log, "anna")
    tokens = folder / "tokens.json"
    token, _ = TokenFile(tokens).create("tester", "admin")
    faults: list[str] = []
    app = create_app(
        ServerSettings(
            tokens=str(tokens),
            log=str(folder / "log.db"),
            jobs=str(folder / "jobs"),
            recognizer={"threads": 1},
        ),
        faults.append,
    )

    async def endless(scope: Any, receive: Any, send: Any) -> None:
        """The application; schemathesis would end it after each request."""
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return
        for event in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{event}.complete"})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(throttle, "FREE", 10**9)  # it tries wrong tokens
        patch.setattr(throttle, "BURST", 10**9)
        app.state.context.access.throttle = throttle.Throttle()
        schema = schemathesis.openapi.from_asgi("/openapi.json", endless, headers={"Host": HOST})
        yield schema, {"Host": HOST, "Authorization": f"Bearer {token}"}
    app.state.context.close()
    assert faults == []


def test_every_operation_is_tried(contract: Any) -> None:
    schema, _ = contract
    found = {found.ok().label for found in schema.get_all_operations()}
    assert found == set(OPERATIONS)
    assert schema.raw_schema["openapi"].startswith("3.1")


def run(contract: Any, operation: str, count: int) -> None:
    schema, headers = contract
    method, _, path = operation.partition(" ")
    left_out = LEFT_OUT | ({"positive_data_acceptance"} if operation in MEANING else set())
    checks = CHECKS.get_by_names([name for name in CHECKS.get_all_names() if name not in left_out])

    @given(case=schema[path][method].as_strategy())
    @settings(
        max_examples=count, deadline=None, derandomize=True, database=None,
        phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def tried(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=checks)

    tried()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_keeps_to_the_document(contract: Any, operation: str) -> None:
    run(contract, operation, FEW)


@pytest.mark.slow
@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_keeps_to_the_document_for_long(contract: Any, operation: str) -> None:
    run(contract, operation, MANY)
