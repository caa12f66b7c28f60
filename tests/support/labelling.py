"""Folders of real face crops to label, and the page's server in this process."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mien.labelling.opening import Opened, open_session
from mien.labelling.server import LabelServer
from tests.support import sample


def write_faces(folder: Path, count: int = 10, side: int = 48) -> Path:
    """``count`` crops of the committed portraits, in two folders that are no expressions."""
    for number in range(count):
        path = folder / f"visit{number % 2}" / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        sample.crop(number, side).save(path)
    return folder


class Page:
    """A running page; ``ask`` is what its script does."""

    def __init__(self, server: LabelServer, opened: Opened) -> None:
        self.server, self.opened, self.url = server, opened, server.url
        parts = urlsplit(server.url)
        self.host, self.base = parts.netloc, parts.path
        self.faults: list[str] = []

    def raw(
        self, method: str, target: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of a request for ``target`` as it is."""
        connection = http.client.HTTPConnection(self.host, timeout=20)
        try:
            connection.putrequest(method, target, skip_host="Host" in headers)
            if body is not None and "Content-Length" not in headers:
                headers["Content-Length"] = str(len(body))
            for name, value in headers.items():
                connection.putheader(name.replace("_", "-"), value)
            connection.endheaders(body)
            reply = connection.getresponse()
            return reply.status, dict(reply.getheaders()), reply.read()
        finally:
            connection.close()

    def ask(self, path: str, values: Any = None, **headers: str) -> tuple[int, Any]:
        """Status and JSON of a request below the token; a write with ``values``."""
        body = None
        if values is not None:
            body = json.dumps(values).encode()
            headers = {
                "Origin": f"http://{self.host}", "Content_Type": "application/json", **headers
            }  # fmt: skip
        method = "GET" if body is None else "POST"
        status, _, data = self.raw(method, self.base + path, body, **headers)
        return status, json.loads(data)


@contextmanager
def page(folder: Path, rater: str = "anna", **options: Any) -> Iterator[Page]:
    with open_session(folder, rater, **options) as opened:
        faults: list[str] = []
        with LabelServer(opened.session, on_fault=faults.append) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
            thread.start()
            found = Page(server, opened)
            found.faults = faults
            try:
                yield found
            finally:
                server.shutdown()
                thread.join()
