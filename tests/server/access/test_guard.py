"""What a foreign page can make a browser send, and what is sent by none."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra 'server' is not installed")

from mien.server.access.gate import CREDENTIAL, Access, Credential
from mien.server.access.guard import Guard
from mien.server.access.tokens import TokenFile
from mien.server.settings import ServerSettings

HERE = "127.0.0.1:8000"


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[ServerSettings]:
    yield ServerSettings(tokens=str(tmp_path / "tokens.json"))


def status(
    settings: ServerSettings, headers: dict[str, str] | list[tuple[str, str]], **scope: Any
) -> int:
    """Of a request; 200 where it is passed on, 1008 for a WebSocket that is refused."""
    sent: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Any) -> None:
        sent.append(message)

    pairs = headers.items() if isinstance(headers, dict) else headers
    whole = {
        "type": "http", "method": "GET", "path": "/v1/session", "scheme": "http",
        "headers": [(name.encode(), value.encode()) for name, value in pairs],
    } | scope  # fmt: skip
    asyncio.run(Guard(app, settings, Access(settings))(whole, None, send))  # type: ignore[arg-type]
    first = sent[0]
    return int(first.get("status") or first.get("code") or 0)


@pytest.mark.parametrize(("host", "expected"), [
    (HERE, 200), ("localhost:8000", 200), ("[::1]:8000", 200), ("127.0.0.1:9", 200),
    ("evil.example", 421), ("127.0.0.1.nip.io:8000", 421), ("evil@127.0.0.1", 421), ("", 421),
    ("10.0.0.1", 421), ("localhost.", 421),
])  # fmt: skip
def test_foreign_names(settings: ServerSettings, host: str, expected: int) -> None:
    assert status(settings, {"host": host}) == expected
    closed = 1008 if expected == 421 else 200
    assert status(settings, {"host": host}, type="websocket", scheme="ws") == closed


def test_one_host(settings: ServerSettings) -> None:
    assert status(settings, []) == 421
    assert status(settings, [("host", HERE), ("host", HERE)]) == 421


def test_addresses_are_no_names_where_others_come(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens.json"
    TokenFile(tokens).create("a", "care")
    settings = ServerSettings("0.0.0.0", tokens=str(tokens), hosts=("mien.example.org",))
    for host in ("10.0.0.1:8000", "mien.example.org", "[2001:db8::1]"):
        assert status(settings, {"host": host}) == 200
    assert status(settings, {"host": "evil.example"}) == 421


@pytest.mark.parametrize(("origin", "allowed"), [
    (f"http://{HERE}", True), (f"https://{HERE}", True), (None, True),
    ("http://127.0.0.1:8001", False), ("http://localhost:8000", False), ("null", False),
    ("", False),
    ("http://evil.example", False), (f"http://{HERE}.evil.example", False), ("file://", False),
    (f"http://x@{HERE}", False), ("http://[", False), (f"ftp://{HERE}", False),
])  # fmt: skip
def test_writes_from_other_origins(
    settings: ServerSettings, origin: str | None, allowed: bool
) -> None:
    headers = {"host": HERE} | ({} if origin is None else {"origin": origin})
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert status(settings, headers, method=method) == (200 if allowed else 403)
    closed = status(settings, headers, type="websocket", scheme="ws", path="/v1/live")
    assert closed == (200 if allowed else 1008)
    assert status(settings, headers) == 200  # its answer cannot be read: no CORS header


def test_under_tls_only_its_own_scheme(settings: ServerSettings) -> None:
    headers = {"host": HERE, "origin": f"http://{HERE}"}
    assert status(settings, headers, method="POST", scheme="https") == 403


def test_what_browsers_say_of_the_site(settings: ServerSettings) -> None:
    for site, expected in (("same-origin", 200), ("none", 200), ("cross-site", 403),
                           ("same-site", 403)):  # fmt: skip
        assert status(settings, {"host": HERE, "sec-fetch-site": site}) == expected
    assert status(settings, {"host": HERE, "sec-fetch-site": "cross-site"}, path="/") == 200


def test_a_cookie_alone_does_not_write(settings: ServerSettings) -> None:
    cookie = {"host": HERE, "cookie": "mien_session_8000=x"}
    assert status(settings, cookie, method="POST") == 403
    assert status(settings, cookie) == 200
    assert status(settings, cookie | {"origin": f"http://{HERE}"}, method="POST") == 200


def test_a_stream_ends_when_its_token_is_revoked(tmp_path: Path) -> None:
    tokens = TokenFile(tmp_path / "tokens.json")
    _, token = tokens.create("a", "care")
    settings = ServerSettings(tokens=str(tokens.path))
    sent: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scope[CREDENTIAL] = Credential(token=token)
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": "1"})
        tokens.revoke("a")
        await send({"type": "websocket.send", "text": "2"})

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/", "scheme": "ws",
             "headers": [(b"host", HERE.encode())]}  # fmt: skip
    asyncio.run(Guard(app, settings, Access(settings))(scope, None, send))  # type: ignore[arg-type]
    assert [message.get("text") or message.get("code") for message in sent] == [None, "1", 1008]
