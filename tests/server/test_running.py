"""Starting and ending: where it listens, who could reach it, and signals."""

from __future__ import annotations

import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra 'server' is not installed")

import httpx
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from mien.cli.app import main
from mien.errors import ConfigError, OutputError
from mien.server.access.tokens import TokenFile
from mien.server.running import Server, _listen, check_reach, warnings
from mien.server.settings import ServerSettings
from tests.server.support.served import serve_process


def test_others_need_a_token(tmp_path: Path) -> None:
    tokens = str(tmp_path / "tokens.json")
    for far in (ServerSettings("0.0.0.0", tokens=tokens), ServerSettings("10.0.0.1", tokens=tokens),
                ServerSettings(hosts=("mien.example.org",), tokens=tokens)):  # fmt: skip
        with pytest.raises(ConfigError, match="mien serve token create"):
            check_reach(far)
    check_reach(ServerSettings(tokens=tokens))
    TokenFile(tokens).create("a", "care")
    check_reach(ServerSettings("0.0.0.0", tokens=tokens))
    assert "TLS" in warnings(ServerSettings("0.0.0.0"))[0]
    assert warnings(ServerSettings()) == []
    assert warnings(ServerSettings("0.0.0.0", tls_cert="a", tls_key="b")) == []


def test_small_answers_are_sent_at_once() -> None:
    """asyncio sets TCP_NODELAY on connections whose socket names the protocol, and on no others."""
    with _listen("127.0.0.1", 0) as listening:
        assert listening.proto == socket.IPPROTO_TCP


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(OutputError, match="give another --port"):
            Server(ServerSettings(port=port, tokens=str(tmp_path / "tokens.json")))


def test_what_cannot_be_used_is_said_and_nothing_listens(tmp_path: Path) -> None:
    of: dict[str, Any] = {"port": 0, "tokens": str(tmp_path / "tokens.json")}
    for settings, error in (
        (ServerSettings(**of, tls_cert="nowhere.pem", tls_key="nowhere.pem"), "TLS files"),
        (ServerSettings(**of, reports="nowhere"), "folder of reports"),
        (ServerSettings(**of, hosts=("http://127.0.0.1",)), "without https:// and port"),
    ):
        with pytest.raises(ConfigError, match=error):
            Server(settings)


def test_a_signal_ends_it_although_a_stream_goes_on(served: Callable[..., Any]) -> None:
    one = served()

    async def endless() -> Any:
        while True:
            yield b"data: x\n\n"
            await context.stopping.wait()
            return

    context = one.context
    app: FastAPI = one.server.app
    app.router.routes.insert(0, _route(endless))
    with one.client() as client, client.stream("GET", "/endless") as answer:
        lines = answer.iter_lines()
        assert next(lines) == "data: x"
        began = time.monotonic()
        one.server.stop()
        assert list(lines) == [""]
        assert time.monotonic() - began < 4


def _route(stream: Callable[[], Any]) -> Any:
    from starlette.routing import Route

    async def answer(_: Any) -> StreamingResponse:
        return StreamingResponse(stream(), media_type="text/event-stream")

    return Route("/endless", answer)


def test_an_own_fault_is_one_line(served: Callable[..., Any]) -> None:
    from starlette.routing import Route

    async def broken(_: Any) -> None:
        raise ValueError("a secret name")

    one = served()
    one.server.app.router.routes.insert(0, Route("/broken", broken))
    with one.client() as client:
        answer = client.get("/broken?name=anna")
        assert answer.status_code == 500 and "secret" not in answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert "mien_faults_total 1.0" in client.get("/metrics").text
    assert len(one.faults) == 1 and "ValueError" in one.faults[0] and "anna" not in one.faults[0]


def test_the_command_serves_and_ends_on_a_signal(tmp_path: Path) -> None:
    with serve_process(tmp_path) as one:
        assert httpx.get(f"{one.url}/readyz").json() == {"status": "ok"}
        form = {"Content-Type": "multipart/form-data; boundary=x"}
        assert httpx.post(f"{one.url}/v1/analyze", content=b"x", headers=form).status_code == 422
        assert one.end(signal.SIGTERM) == 143
        assert one.process.stderr is not None and one.process.stderr.read() == "mien: stopped\n"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_tls(served: Callable[..., Any], tmp_path: Path) -> None:
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-nodes",
         "-pkeyopt", "ec_paramgen_curve:P-256", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=tmp_path, capture_output=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip("openssl is not installed")
    one = served(
        tokens=True, tls_cert=str(tmp_path / "cert.pem"), tls_key=str(tmp_path / "key.pem")
    )
    assert one.url.startswith("https://")
    trusted = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    with one.client(verify=trusted) as client:
        answer = client.post("/v1/session", json={"token": one.tokens["care"]})
        assert "; Secure" in answer.headers["set-cookie"]
        assert client.get("/v1/session").json()["role"] == "care"


def test_tokens_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "tokens.json"

    def mien(*args: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as done:
            main(["serve", "token", *args, "--tokens", str(path)])
        shown = capsys.readouterr()
        assert ("That was the last one" in shown.err) == ("is revoked" in shown.out)
        return int(done.value.code or 0), shown.out

    assert mien("list") == (0, "There is no token.\n")
    code, token = mien("create", "ward 3", "--role", "watch", "--days", "30")
    assert code == 0 and TokenFile(path).find(token.strip())
    code, listed = mien("list")
    assert "ward 3" in listed and token.strip() not in listed
    assert mien("create", "ward 3")[0] == 1
    assert mien("revoke", "ward 3") == (0, "The token of 'ward 3' is revoked.\n")
    assert mien("revoke", "ward 3")[0] == 1 and TokenFile(path).tokens() == ()
    # Before the subcommand it would be lost, and the token made in the user's own file.
    with pytest.raises(SystemExit) as refused:
        main(["serve", "--tokens", str(path), "token", "list"])
    assert refused.value.code == 2 and "--tokens has no effect" in capsys.readouterr().err
