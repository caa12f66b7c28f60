"""Refuses requests that a foreign page made a browser send, before anything looks at them.

A page elsewhere cannot read answers, because no CORS header is ever sent. What it could do without
reading is refused here: a foreign name that leads to this machine (DNS rebinding), writes and
WebSockets from another origin, also from another port of this machine, for which ``SameSite``
cookies are sent.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from mien.server.access.addresses import allowed_names, is_address, is_loopback, split_host
from mien.server.access.gate import Access
from mien.server.access.watch import Watched
from mien.server.problems import problem
from mien.server.settings import ServerSettings

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",  # faces do not stay on the disk of the browser
}
"""Of every answer that does not set them itself."""


class Guard:
    """An ASGI middleware; the outermost one but for those that count and report."""

    def __init__(self, app: ASGIApp, settings: ServerSettings, access: Access) -> None:
        """Raises ``ConfigError`` for a further name that is none."""
        self._app, self._access = app, access
        self._names = allowed_names(settings)
        self._addresses = not is_loopback(settings.host)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        if refused := self._refusal(scope):
            status, detail = refused
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008, "reason": detail})
            else:
                await problem(status, detail, HEADERS)(scope, receive, send)
            return
        await Watched(self._access, scope, receive, send, HEADERS).answer(self._app)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        name = split_host(hosts[0]) if len(hosts) == 1 else None
        if name is None or not (name in self._names or (self._addresses and is_address(name))):
            return 421, "this server has another name: start it with --allow-host for this one"
        is_socket = scope["type"] == "websocket"
        origin = headers.get("origin")
        is_write = is_socket or scope["method"] not in SAFE
        if is_write and origin is not None and not _is_same(origin, hosts[0], scope["scheme"]):
            return 403, "only the page of this server may do this, not one of another origin"
        site = headers.get("sec-fetch-site")
        if scope["path"].startswith("/v1") and site in ("cross-site", "same-site"):
            return 403, "only the page of this server may ask for this, not one of another origin"
        if is_write and origin is None and site is None and "cookie" in headers:
            return 403, "a request with a cookie says where it comes from (Origin)"
        return None


def _is_same(origin: str, host: str, scheme: str) -> bool:
    """Whether ``Origin`` is this server as the browser reached it.

    Behind a proxy that speaks TLS the browser's scheme is https, and ours is not.
    """
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    schemes = ("https",) if scheme in ("https", "wss") else ("http", "https")
    return parts.scheme in schemes and parts.netloc.lower() == host.lower()
