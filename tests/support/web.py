"""A web server in this process, with given answers, that counts requests."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

Answer = Callable[[BaseHTTPRequestHandler, int], None]
"""Gets the request and the number of requests for its path so far, from 1."""


class Web:
    """``asked``: path → number of requests."""

    def __init__(self, url: str, asked: Counter[str]) -> None:
        self.url, self.asked = url, asked


@contextmanager
def serving(pages: dict[str, Answer], address: str = "127.0.0.1") -> Iterator[Web]:
    """``pages``: decoded path → its answer; any other path is a 404."""
    asked: Counter[str] = Counter()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = unquote(self.path)
            asked[path] += 1
            pages.get(path, status(404))(self, asked[path])

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer((address, 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield Web(f"http://127.0.0.1:{server.server_port}", asked)
    finally:
        server.shutdown()
        server.server_close()


def status(code: int) -> Answer:
    return lambda handler, _: handler.send_error(code)


def content(data: bytes, kind: str = "image/jpeg", claimed: int | None = None) -> Answer:
    """``claimed``: a wrong Content-Length; -1: none."""

    def answer(handler: BaseHTTPRequestHandler, _: int) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", kind)
        if claimed != -1:
            handler.send_header("Content-Length", str(claimed or len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    return answer


def first(times: int, before: Answer, then: Answer) -> Answer:
    return lambda handler, n: (before if n <= times else then)(handler, n)


def stalling(release: threading.Event) -> Answer:
    """Sends nothing until ``release``, or for five seconds."""
    return lambda handler, _: release.wait(5) and None
