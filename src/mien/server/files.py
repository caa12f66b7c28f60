"""The files of the page, from the package."""

from __future__ import annotations

import hashlib
import mimetypes
from pathlib import Path

from fastapi import FastAPI, HTTPException, Response
from fastapi.responses import FileResponse
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from mien.samples import ASTRONAUT

PAGE = Path(__file__).parent / "page"

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "media-src 'self' blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; "
        "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}


class PageFiles:
    """The page's files, a quarter of a megabyte in memory; browsers ask each time for changes.

    Read from the disk they would take a thread three times for each of the two dozen files that a
    browser wants at once, which is most of the time until something is painted.
    """

    def __init__(self, folder: Path) -> None:
        """Reads all files in ``folder``."""
        self._files = {
            f"/{path.relative_to(folder).as_posix()}": _response(path)
            for path in folder.rglob("*") if path.is_file()
        }  # fmt: skip
        self._files["/"] = self._files["/index.html"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A file; a WebSocket to no operation is refused."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": "no such stream"})
            return
        found = self._files.get(scope["path"])
        if found is None:
            raise HTTPException(404)
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        known = Headers(scope=scope).get("if-none-match", "")
        tag = found.headers["etag"]
        if tag in (one.strip().removeprefix("W/") for one in known.split(",")):
            found = Response(status_code=304, headers={**HEADERS, **_CACHED, "ETag": tag})
        await found(scope, receive, send)


_CACHED = {"Cache-Control": "no-cache"}


def _response(path: Path) -> Response:
    content = path.read_bytes()
    kind = _KINDS.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    return Response(content, media_type=kind, headers={**HEADERS, **_CACHED, "ETag": tag})


_KINDS = {".js": "text/javascript", ".css": "text/css", ".json": "application/json"}
"""A system may have other ideas of these."""


def serve_page(app: FastAPI) -> None:
    """Answer every path that is no operation with the page's files."""

    @app.get("/samples/astronaut.jpg", include_in_schema=False)
    def sample() -> FileResponse:
        return FileResponse(ASTRONAUT, media_type="image/jpeg", headers=HEADERS)

    app.mount("/", PageFiles(PAGE), name="page")
