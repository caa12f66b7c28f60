"""Requests that nobody sends in good faith, and a client that sends them by the thousand."""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from mien.samples import ASTRONAUT

Make = Callable[[random.Random], bytes]

PATHS = (
    "/", "/index.html", "/healthz", "/readyz", "/metrics", "/openapi.json", "/v1/session",
    "/v1/analyze", "/v1/models", "/v1/videos", "/v1/videos/x", "/v1/videos/x/events", "/v1/live",
    "/v1/log", "/v1/log/persons", "/v1/log/persons/anna", "/v1/log/persons/anna/trends",
    "/v1/log/alerts", "/v1/log/audit", "/js/main.js",
)  # fmt: skip
TRICKS = (
    "/../../etc/passwd", "/..%2f..%2fetc%2fpasswd", "/%2e%2e/%2e%2e/app.py", "/%00", "/a%00b",
    "//etc/passwd", "/\\..\\app.py", "/..;/", "/%ff%fe", "/%c0%ae%c0%ae/", "/.", "/..", "/~root",
    "/v1/../healthz", "/v1/log/persons/%2e%2e", "/v1/log/persons/%0d%0aX: y", "/?" + "a=b&" * 500,
    "/v1/analyze?draw=" + "9" * 500, "/v1/log/persons/" + "x" * 3000, "/js/%2e%2e/%2e%2e/app.py",
    "/v1/videos/" + "%F0%9F%98%80" * 50, "*", "http://evil/", "http://[::1",
    "/#fragment", "/[]{}|^`",
)  # fmt: skip
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "CONNECT", "X" * 40)
KINDS = (
    "application/json", "multipart/form-data; boundary=x", "multipart/form-data",
    "multipart/form-data; boundary=" + "b" * 300, "image/jpeg", "application/octet-stream",
    "text/plain", "\xff", "application/x-www-form-urlencoded", "image/" + "x" * 1000,
)  # fmt: skip


def random_bytes(dice: random.Random) -> bytes:
    return dice.randbytes(dice.randrange(1, 2000)) + dice.choice((b"", b"\r\n\r\n"))


def headers(dice: random.Random) -> bytes:
    """Well-formed but for one header."""
    game = dice.choice((
        b"Content-Length: -1", b"Content-Length: 1\r\nContent-Length: 2",
        b"Content-Length: 9" + b"9" * 30,
        b"Content-Length: 0x10", b"Transfer-Encoding: chunked\r\nContent-Length: 5",
        b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding:\tchunked", b"Host: evil",
        b"Host: 127.0.0.1", b": empty", b"No colon", b" folded: x", b"X-Null: \x00", b"X: \xff\xfe",
        b"Cookie: " + b"mien_session=x; " * 200, b"Cookie: " + b"=" * 4000,
        b"Authorization: Bearer " + b"x" * 5000, b"Authorization: Basic ==", b"Authorization: \xff",
        b"Authorization: Bearer mien_" + dice.randbytes(8).hex().encode(), b"Origin: null",
        b"Expect: 100-continue", b"Expect: nonsense", b"Upgrade: h2c\r\nConnection: Upgrade",
        b"Connection: close, keep-alive, upgrade", b"Range: bytes=0-1,1-2,-9999999999999",
        b"Range: bytes=99999999999999999999-", b"If-None-Match: " + b'"x",' * 500,
        b"If-Modified-Since: yesterday", b"Accept-Encoding: " + b"gzip;q=9," * 300,
        b"X-Forwarded-For: 1.2.3.4, evil", b"X-Name: %ff%00" + b"%C3%BC" * 500,
        b"\r\n".join(b"X-%d: y" % number for number in range(300)), b"X-Large: " + b"x" * 60_000,
    ))  # fmt: skip
    path = dice.choice(PATHS)
    return _request(dice.choice(METHODS[:3]), path, [game], dice.choice((b"", b"hello")))


def paths(dice: random.Random) -> bytes:
    return _request(dice.choice(METHODS), dice.choice(TRICKS), [], b"")


def methods(dice: random.Random) -> bytes:
    return _request(dice.choice(METHODS), dice.choice(PATHS), [], dice.choice((b"", b"{}")))


def bodies(dice: random.Random) -> bytes:
    """To operations that take one, of the wrong kind or nearly right."""
    body = dice.choice((
        b"", b"{", b"[" * 5000, b"{}", b"null", b'{"token": "\\ud800"}', b'{"code": 1e999}',
        json.dumps({"pictures": [{"name": "x" * dice.randrange(500), "data": "A" * 99}]}).encode(),
        b'{"pictures": [' + b'{"data": "AAAA"},' * 300 + b"{}]}",
        b'{"pictures": ' + b"9" * 6000 + b"}",
        dice.randbytes(3000), b"--x\r\n" * 300,
        b"--x\r\nContent-Disposition: form-data; name=pictures\r\n",
        b'--x\r\nContent-Disposition: form-data; name="pictures"; filename="a"\r\n\r\n'
        + dice.randbytes(200) + b"\r\n--x--\r\n",
        b"--x\r\n" + b"A: b\r\n" * 500 + b"\r\n\r\n--x--",
        b"--x\r\n" + b"A" * 9000 + b": b\r\n\r\n--x--",
        ASTRONAUT.read_bytes()[: dice.randrange(1, 30_000)],
        b"\x89PNG\r\n\x1a\n" + dice.randbytes(100),
        b"GIF89a" + dice.randbytes(50), b"\xff\xd8\xff\xe0" + dice.randbytes(500),
    ))  # fmt: skip
    path = dice.choice((
        "/v1/analyze", "/v1/analyze?draw=1", "/v1/session", "/v1/videos", "/v1/log/persons",
        "/v1/log/persons/anna/consents", "/v1/log/alerts/1/feedback",
    ))  # fmt: skip
    kind = b"Content-Type: " + dice.choice(KINDS).encode("latin-1")
    if dice.random() < 0.3:
        chunks = [body[i : i + 700] for i in range(0, len(body), 700)]
        text = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
        if dice.random() < 0.3:
            text = b"zz\r\n" + text
        return _request("POST", path, [kind, b"Transfer-Encoding: chunked"], text, length=False)
    return _request("POST", path, [kind], body)


def sockets(dice: random.Random) -> bytes:
    """WebSockets that are none, or speak nonsense."""
    key = dice.choice((b"dGhlIHNhbXBsZSBub25jZQ==", b"x", b""))
    extra = [
        b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Key: " + key,
        b"Sec-WebSocket-Version: " + dice.choice((b"13", b"8", b"x")),
    ]  # fmt: skip
    if dice.random() < 0.3:
        extra.append(b"Origin: http://evil")
    path = dice.choice(("/v1/live", "/", "/v1/live?smooth=x", "/v1/session"))
    return _request("GET", path, extra, b"") + dice.randbytes(dice.randrange(200))


def _request(method: str, path: str, extra: list[bytes], body: bytes, length: bool = True) -> bytes:
    lines = [f"{method} {path} HTTP/1.1".encode("latin-1")]
    if not any(line.startswith(b"Host:") for line in extra):
        lines.append(b"Host: 127.0.0.1")
    lines += extra
    if (
        body
        and length
        and not any(b"Content-Length" in line or b"Transfer" in line for line in extra)
    ):
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


GAMES: tuple[Make, ...] = (random_bytes, headers, paths, methods, bodies, sockets)


@dataclass
class Outcome:
    """What came back."""

    statuses: Counter[str] = field(default_factory=Counter)
    """Status → answers; ``closed``: without one, ``open``: left half-open on purpose."""
    own_faults: list[bytes] = field(default_factory=list)
    """Requests that the server answered with 500."""


async def send_all(
    port: int, count: int, seed: int = 0, token: str | None = None, at_once: int = 32
) -> Outcome:
    """``count`` hostile requests, each on a connection of its own, most with ``token`` if given."""
    outcome, numbers = Outcome(), iter(range(count))

    async def client() -> None:
        for number in numbers:
            dice = random.Random(f"{seed}.{number}")
            request = dice.choice(GAMES)(dice)
            if token and dice.random() < 0.8:
                line = b" HTTP/1.1\r\n"
                bearer = b"Authorization: Bearer %s\r\n" % token.encode()
                request = request.replace(line, line + bearer, 1)
            status = await _send(port, request, dice.random())
            outcome.statuses[status] += 1
            if status == "500":
                outcome.own_faults.append(request)

    await asyncio.gather(*(client() for _ in range(at_once)))
    return outcome


async def _send(port: int, request: bytes, mood: float) -> str:
    """The status of the answer; a part of the clients hang up in the middle."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        if mood < 0.1:
            request = request[: int(len(request) * mood * 10)]
        with suppress(OSError):
            writer.write(request)
            await writer.drain()
        if mood < 0.15:
            return "open"
        if mood < 0.9 and writer.can_write_eof():
            with suppress(OSError):
                writer.write_eof()
        async with asyncio.timeout(0.3 if mood >= 0.9 else 5):
            head = await reader.readline()
        return head.split()[1].decode("latin-1") if head.startswith(b"HTTP/1.1 ") else "closed"
    except TimeoutError:
        return "open"
    except (OSError, ValueError, IndexError):
        return "closed"
    finally:
        writer.transport.abort()


def files_and_memory(pid: int) -> tuple[int, int]:
    """Open files and resident bytes of a process; Linux alone."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return files, pages * os.sysconf("SC_PAGE_SIZE")
