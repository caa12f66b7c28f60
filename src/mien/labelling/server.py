"""The page of one rater on this machine: a thin door to a ``Session``.

Only 127.0.0.1 is served. Every address begins with a random token; ``Host`` must be this server's,
so that no foreign name leads here (DNS rebinding); writes must come from the page itself. Pictures
are asked for by number, never by path.
"""

from __future__ import annotations

import hmac
import json
import os
import re
import secrets
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from threading import BoundedSemaphore, Thread
from typing import Any

from mien.errors import DatasetError, InputError, MienError, OutputError
from mien.labelling.answers import KINDS
from mien.labelling.session import Session, StaleError
from mien.parsing import is_number, is_text, is_whole, parse_json

PAGE = Path(__file__).parent / "page"
HOST = "127.0.0.1"
MOST_BODY = 4096
"""Bytes of a request's body."""
_DECODING = 8  # pictures at a time
_FILES = {
    "": ("index.html", "text/html; charset=utf-8"),
    "label.css": ("label.css", "text/css; charset=utf-8"),
    "label.js": ("label.js", "text/javascript; charset=utf-8"),
    "icon.svg": ("icon.svg", "image/svg+xml"),
}
_NUMBER = re.compile(r"(api/pictures|pictures)/([0-9]{1,9})")
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",  # the address holds the token
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",  # faces do not stay on the disk of the browser
}


class Refused(Exception):  # noqa: N818 - an answer, not a fault
    """A request that is not answered; ``status`` is HTTP's."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class LabelServer(ThreadingHTTPServer):
    """Serves one session until ``finish``; ``url`` is the page's address, with the token."""

    daemon_threads = True
    request_queue_size = 256
    allow_reuse_address = os.name != "nt"  # where it would let others take the port over

    def __init__(
        self,
        session: Session,
        port: int = 0,
        on_fault: Callable[[str], None] = lambda text: None,
    ) -> None:
        """``port`` 0: any free one. ``on_fault`` gets one line for each unexpected error.

        Raises ``OutputError`` where the port is taken.
        """
        self.session, self.on_fault = session, on_fault
        self.token = secrets.token_urlsafe(24)
        self.decoding = BoundedSemaphore(_DECODING)
        try:
            super().__init__((HOST, port), _Handler)
        except OSError as error:
            raise OutputError(
                f"cannot listen on port {port} ({error.strerror}): give another --port, or 0 for "
                "any free one"
            ) from error

    def server_bind(self) -> None:
        """Without the base class's question to a name server, which may take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.socket.getsockname()[1]

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://{HOST}:{self.server_port}/{self.token}/"

    @cached_property
    def hosts(self) -> frozenset[str]:
        """What ``Host`` may say."""
        return frozenset(f"{name}:{self.server_port}" for name in (HOST, "localhost"))

    def finish(self) -> None:
        """End ``serve_forever`` soon; may be called while a request is answered."""
        Thread(target=self.shutdown, daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke: the browser has left."""


class _Handler(BaseHTTPRequestHandler):
    server: LabelServer
    protocol_version = "HTTP/1.1"
    server_version = "mien"
    sys_version = ""
    timeout = 60  # seconds that a connection may be silent

    def do_GET(self) -> None:
        self._respond(self._get)

    def do_POST(self) -> None:
        self._respond(self._post)

    def _respond(self, answer: Callable[[str], tuple[bytes, str]]) -> None:
        try:
            data, kind = answer(self._checked_path())
            self._send(200, data, kind)
        except Refused as refused:
            self.close_connection = True  # its body may not have been read
            self._send_error(refused.status, str(refused))
        except StaleError as error:
            self._send_error(409, str(error))
        except InputError as error:
            self._send_error(400, str(error))
        except DatasetError as error:
            self._send_error(404, str(error))
        except OutputError as error:
            self.server.on_fault(str(error))
            self._send_error(507, str(error))
        except MienError as error:
            self._send_error(500, str(error))
        except (ConnectionError, TimeoutError):
            self.close_connection = True
        except Exception as error:  # noqa: BLE001 - one faulty request does not end the others
            self.server.on_fault(f"unexpected error: {error!r}")
            self._send_error(500, "unexpected error: the terminal has the details")

    def _checked_path(self) -> str:
        """The path below the token. Raises ``Refused``."""
        if (self.headers.get("Host") or "") not in self.server.hosts:
            raise Refused(421, "this server is reached as 127.0.0.1 only")
        token, _, path = self.path.partition("?")[0].removeprefix("/").partition("/")
        if not hmac.compare_digest(token.encode(), self.server.token.encode()):
            raise Refused(403, "open the address that 'mien data label' printed")
        return path

    def _get(self, path: str) -> tuple[bytes, str]:
        if path in _FILES:
            name, kind = _FILES[path]
            return (PAGE / name).read_bytes(), kind
        if path == "api/session":
            return _json(self.server.session.facts())
        if match := _NUMBER.fullmatch(path):
            number = int(match[2])
            if match[1] == "api/pictures":
                return _json(self.server.session.view(number).to_dict())
            with self.server.decoding:
                return self.server.session.picture(number)
        raise Refused(404, "there is nothing at this address")

    def _post(self, path: str) -> tuple[bytes, str]:
        if self.headers.get("Origin") != f"http://{self.headers['Host']}":
            raise Refused(403, "only the page itself may write")
        if self.headers.get_content_type() != "application/json":
            raise Refused(415, "a write is JSON")
        values = self._body()
        session = self.server.session
        if path == "api/answer":
            number, revision, seconds, label = (
                values[name] for name in ("number", "revision", "seconds", "label")
            )
            kind = next((each for each in KINDS if each == values["kind"]), None)
            if (
                is_whole(number, 0) and is_whole(revision, 0) and is_number(seconds, 0)
                and kind and is_text(label, 100)
            ):  # fmt: skip
                return _json(session.answer(number, revision, kind, label, seconds).to_dict())
        elif path == "api/undo":
            return _json(session.undo().to_dict())
        elif path == "api/reveal":
            number, what = values["number"], values["what"]
            if is_whole(number, 0) and what in ("suggestion", "old_label"):
                return _json(session.reveal(number, what).to_dict())
        elif path == "api/finish":
            self.close_connection = True
            self.server.finish()
            return _json({})
        else:
            raise Refused(404, "there is nothing at this address")
        raise Refused(400, "a value is missing or has the wrong type")

    def _body(self) -> Mapping[str, Any]:
        length = self.headers.get("Content-Length") or ""
        if "Transfer-Encoding" in self.headers or not re.fullmatch("[0-9]{1,12}", length):
            raise Refused(411, "a write says how long it is")
        if int(length) > MOST_BODY:
            raise Refused(413, f"a write has at most {MOST_BODY} bytes")
        try:
            values = parse_json(self.rfile.read(int(length)), depth=2)
        except ValueError as error:
            raise Refused(400, f"a write is JSON: {error}") from None
        if not isinstance(values, dict):
            raise Refused(400, "a write is a JSON object")
        return defaultdict(lambda: None, values)

    def _send(self, status: int, data: bytes, kind: str) -> None:
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)

    def _send_error(self, status: int, reason: str) -> None:
        data, kind = _json({"error": reason})
        try:
            self._send(status, data, kind)
        except OSError:
            self.close_connection = True

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """As for every other error; the base class calls it for requests that it cannot parse."""
        self.close_connection = True
        self._send_error(code, message or "the request is not understood")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Nothing: the address holds the token."""


def _json(value: object) -> tuple[bytes, str]:
    return json.dumps(value).encode(), "application/json"
