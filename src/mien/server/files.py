"""The files of the page, from the package."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI, Response
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
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


class PageFiles(StaticFiles):
    """The page's files; browsers ask each time whether they have changed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A file; a WebSocket to no operation is refused."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": "no such stream"})
            return
        await super().__call__(scope, receive, send)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file, with the headers that keep foreign scripts out."""
        response = await super().get_response(path, scope)
        response.headers.update(HEADERS)
        response.headers["Cache-Control"] = "no-cache"
        return response


def serve_page(app: FastAPI) -> None:
    """Answer every path that is no operation with the page's files."""

    @app.get("/samples/astronaut.jpg", include_in_schema=False)
    def sample() -> FileResponse:
        return FileResponse(ASTRONAUT, media_type="image/jpeg", headers=HEADERS)

    app.mount("/", PageFiles(directory=PAGE, html=True), name="page")
