"""Real servers on this machine that receive messages: HTTP and SMTP."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def http_server(
    answer: Callable[[dict[str, str], bytes], int],
) -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """(address, what was received so far); ``answer`` gives the status of each request."""
    received: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((dict(self.headers), body))
            status = answer(dict(self.headers), body)
            self.send_response(status)
            if status == 307:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/hook?a=1", received
        finally:
            server.shutdown()


@contextmanager
def drip() -> Iterator[str]:
    """The address of a server that answers 200, and then sends a byte a second for minutes."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "300")
            self.end_headers()
            with suppress(OSError):
                while not stopping.wait(1):
                    self.wfile.write(b".")

        def log_message(self, *_: object) -> None:
            pass

    stopping = threading.Event()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            stopping.set()
            server.shutdown()


@contextmanager
def mail_server() -> Iterator[tuple[int, list[bytes]]]:
    """(port, the mails received so far), by aiosmtpd."""
    from aiosmtpd.controller import Controller

    received: list[bytes] = []

    class Handler:
        async def handle_DATA(  # noqa: N802 - its name in aiosmtpd
            self, server: object, session: object, envelope: object
        ) -> str:
            received.append(envelope.content)  # type: ignore[attr-defined]
            return "250 OK"

    class AnyPort(Controller):
        def _trigger_server(self) -> None:
            assert self.server is not None
            self.port = self.server.sockets[0].getsockname()[1]  # the one that was free
            super()._trigger_server()

    controller = AnyPort(Handler(), hostname="127.0.0.1", port=0)
    controller.start()
    try:
        yield controller.port, received
    finally:
        controller.stop()
