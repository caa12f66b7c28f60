from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra 'server' is not installed")

from starlette.requests import HTTPConnection

from mien.server.access.gate import CREDENTIAL, Access, Credential, cookie_header
from mien.server.access.tokens import TokenFile
from mien.server.access.who import ANYBODY
from mien.server.problems import Problem
from mien.server.settings import ServerSettings


@pytest.fixture
def tokens(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path / "tokens.json")


def access(tokens: TokenFile, **settings: Any) -> Access:
    return Access(ServerSettings(tokens=str(tokens.path), **settings))


def coming(scheme: str = "http", **headers: str) -> HTTPConnection:
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    server, client = ("127.0.0.1", 8000), ("127.0.0.1", 50000)
    return HTTPConnection(
        {"type": "http", "headers": pairs, "server": server, "client": client, "scheme": scheme,
         "path": "/", "query_string": b""}
    )  # fmt: skip


def test_anybody_on_this_machine_until_there_is_a_token(tokens: TokenFile) -> None:
    gate = access(tokens)
    assert gate.who(coming()) is ANYBODY and not gate.can_log_in
    scope = {CREDENTIAL: Credential()}
    assert gate.still_holds(scope)
    tokens.create("a", "care")
    assert gate.who(coming()) is None and gate.can_log_in and not gate.still_holds(scope)


def test_a_file_without_tokens_does_not_open_the_next_server(tokens: TokenFile) -> None:
    tokens.create("a", "care")
    tokens.revoke("a")
    gate = access(tokens)
    assert gate.who(coming()) is None and gate.can_log_in
    tokens.path.unlink()
    assert gate.who(coming()) is None  # until the server ends
    assert access(tokens).who(coming()) is ANYBODY


def test_nobody_elsewhere_without_a_token(tokens: TokenFile) -> None:
    for settings in ({"host": "0.0.0.0"}, {"hosts": ("faces.example.org",)}):
        assert access(tokens, **settings).who(coming()) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [
    "Forwarded", "Via", "X-Real-IP", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
])  # fmt: skip
def test_what_a_proxy_passes_on_comes_not_from_this_machine(tokens: TokenFile, name: str) -> None:
    gate = access(tokens)
    assert gate.who(coming(**{name.lower(): ""})) is None
    text, _ = tokens.create("a", "care")
    assert gate.who(coming(**{name.lower(): "x", "authorization": f"Bearer {text}"})) is not None


def test_an_old_nginx_speaks_http_1_0(tokens: TokenFile) -> None:
    gate = access(tokens)
    for version, who in (("1.0", None), ("1.1", ANYBODY), ("2", ANYBODY)):
        connection = coming()
        connection.scope["http_version"] = version
        assert gate.who(connection) is who


def test_a_damaged_file_lets_nobody_in(tokens: TokenFile) -> None:
    gate = access(tokens)
    text, entry = tokens.create("a", "care")
    held = {CREDENTIAL: Credential(token=entry)}
    assert gate.still_holds(held)
    tokens.path.write_text("{")
    for headers in ({}, {"authorization": f"Bearer {text}"}):
        with pytest.raises(Problem) as refused:
            gate.who(coming(**headers))
        assert refused.value.status == 503
    assert not gate.still_holds(held) and not gate.still_holds({CREDENTIAL: Credential()})


def test_schemes_of_authorization(tokens: TokenFile) -> None:
    text, _ = tokens.create("ward", "watch")
    gate = access(tokens)
    who = gate.who(coming(authorization=f"bearer  {text} "))
    assert who is not None and (who.name, who.role) == ("ward", "watch")
    for header in (text, f"Basic {text}", "Bearer", "", f"Bearer {text} {text}"):
        with pytest.raises(Problem) as refused:
            gate.who(coming(authorization=header))
        assert refused.value.status in (401, 429) and text not in str(refused.value)


def test_a_session_ends_with_its_token(tokens: TokenFile) -> None:
    text, _ = tokens.create("ward", "watch")
    gate = access(tokens)
    cookie = gate.log_in("127.0.0.1", token=text)
    connection = coming(cookie=f"other=1; mien_session_8000={cookie}")
    assert gate.who(connection) is not None
    assert gate.still_holds(connection.scope)
    tokens.revoke("ward")
    assert not gate.still_holds(connection.scope) and gate.who(connection) is None
    tokens.create("ward", "watch")  # of the same name
    assert gate.who(connection) is None


def test_cookies_are_for_one_port_and_for_no_script(tokens: TokenFile) -> None:
    plain, secure = cookie_header(coming(), "x"), cookie_header(coming("https"), "x")
    assert plain.startswith("mien_session_8000=x; Path=/; HttpOnly; SameSite=Strict")
    assert secure == f"{plain}; Secure"
    assert cookie_header(coming(origin="https://faces.example.org"), "x") == secure
    assert cookie_header(coming(origin="http://127.0.0.1:8000"), "x") == plain
    assert "Max-Age=0" in cookie_header(coming(), None)
