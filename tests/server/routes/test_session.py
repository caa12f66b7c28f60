"""Logging in and out, over a real connection."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra 'server' is not installed")

pytest.importorskip("websockets", reason="the extra 'server' is not installed")

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from mien.server.access.tokens import TokenFile


def test_without_tokens_everybody_on_this_machine_analyses(served: Callable[..., Any]) -> None:
    one = served()
    with one.client() as client:
        session = client.get("/v1/session").json()
        assert (session["name"], session["role"], session["log_in"]) == (None, "analyse", False)
        TokenFile(one.server.settings.tokens).create("a", "care")
        session = client.get("/v1/session").json()
        assert (session["role"], session["log_in"]) == ("none", True)
        TokenFile(one.server.settings.tokens).revoke("a")
        assert client.get("/v1/session").json()["role"] == "none"  # until the server ends
    assert one.faults == []


def test_a_proxy_that_hides_the_name_lets_nobody_in_without_a_token(
    served: Callable[..., Any],
) -> None:
    one = served()
    with one.client() as client:
        through = {"X-Forwarded-For": "203.0.113.9"}
        answer = client.get("/v1/models", headers=through)
        assert answer.status_code == 401 and "behind a proxy" in answer.json()["detail"]
        session = client.get("/v1/session", headers=through).json()
        assert (session["role"], session["log_in"]) == ("none", True)
        assert client.get("/v1/models").status_code == 200
    assert one.faults == []


def test_tokens_sessions_and_the_start_code(served: Callable[..., Any]) -> None:
    one = served(tokens=True)
    assert set(one.tokens) == {"analyse", "watch", "care", "admin"}
    for role in one.tokens:
        with one.client(role) as client:
            session = client.get("/v1/session").json()
            assert (session["name"], session["role"]) == (f"the {role}", role)
    with one.client() as client:
        answer = client.post("/v1/session", json={"token": one.tokens["care"]})
        assert answer.json()["role"] == "care"
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Secure" not in cookie
        assert one.tokens["care"] not in cookie
        assert client.get("/v1/session").json()["name"] == "the care"
        TokenFile(one.server.settings.tokens).revoke("the care")
        assert client.get("/v1/session").json()["role"] == "none"
        url, _, code = one.start_link().partition("#start=")
        assert url == f"{one.url}/"
        origin = {"Origin": one.url}
        assert client.post("/v1/session", json={"code": code}, headers=origin).status_code == 200
        assert client.get("/v1/session").json()["role"] == "admin"
        assert client.delete("/v1/session").status_code == 403  # no origin, as from a script
        assert client.delete("/v1/session", headers=origin).status_code == 204
        assert client.get("/v1/session").json()["role"] == "none"
        assert client.post("/v1/session", json={"code": code}).status_code == 401
    assert one.faults == []


def test_guessing_is_slowed_down(served: Callable[..., Any]) -> None:
    one = served(tokens=True)
    with one.client() as client:
        for _ in range(5):
            answer = client.post("/v1/session", json={"token": "mien_wrong"})
            assert answer.status_code == 401
            assert answer.headers["content-type"] == "application/problem+json"
        for wrong in (
            client.post("/v1/session", json={"token": "mien_wrong"}),
            client.post("/v1/session", json={"code": "wrong"}),
            client.get("/v1/session", headers={"Authorization": "Bearer mien_wrong"}),
        ):
            assert wrong.status_code == 429 and int(wrong.headers["retry-after"]) >= 1
        # Who has a token is let in: behind a proxy everybody has the address of whoever guesses.
        with one.client("care") as program:
            assert program.get("/v1/session").json()["role"] == "care"
        code = one.start_link().partition("#start=")[2]
        for right in ({"code": code}, {"token": one.tokens["care"]}):
            answer = client.post("/v1/session", json=right, headers={"Origin": one.url})
            assert answer.status_code == 200
    assert one.faults == []


def test_a_revoked_token_ends_what_it_began(served: Callable[..., Any]) -> None:
    one = served(tokens=True)
    file = TokenFile(one.server.settings.tokens)

    def kept() -> list[str]:
        return [path.name for path in Path(one.server.settings.jobs).iterdir()]

    def video() -> Iterator[bytes]:
        yield b"\0\0\0\x20ftypisom" + b"\0" * 100_000
        end = time.monotonic() + 20
        while kept() == [".lock"] and time.monotonic() < end:  # until it is let in
            time.sleep(0.01)
        file.revoke("the analyse")
        yield b"\0" * 100_000

    with one.client("analyse") as client:
        answer = client.post("/v1/videos", content=video())
        assert answer.status_code == 401 and "revoked" in answer.json()["detail"]
    assert kept() == [".lock"]
    headers = {"Authorization": f"Bearer {one.tokens['care']}"}
    with connect(f"{one.url.replace('http', 'ws')}/v1/live", additional_headers=headers) as socket:
        assert "hello" in str(socket.recv(20))
        file.revoke("the care")
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(20)  # although no frame is sent
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1008
    assert one.faults == []


@pytest.mark.parametrize("body", [{}, {"token": "a", "code": "b"}, {"token": 1}, {"other": "a"},
                                  {"token": "x" * 201}, [], None])  # fmt: skip
def test_what_is_no_log_in(served: Callable[..., Any], body: Any) -> None:
    with served(tokens=True).client() as client:
        answer = client.post("/v1/session", json=body)
        assert answer.status_code == 422 and answer.json()["detail"]
