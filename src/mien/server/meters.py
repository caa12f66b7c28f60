"""What is counted and measured, for Prometheus; nothing of it names a person."""

from __future__ import annotations

import time
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)
_COUNTS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Meters:
    """Those of one application, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.requests = Counter(
            "mien_requests", "Requests answered.", ("method", "operation", "status"),
            registry=registry,
        )  # fmt: skip
        self.seconds = Histogram(
            "mien_request_seconds", "From a request's head to the end of its answer.",
            ("operation",), buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self.faults = Counter("mien_faults", "Requests failed by the server.", registry=registry)
        self.pictures = Counter("mien_pictures", "Pictures analysed.", registry=registry)
        self.faces = Counter("mien_faces", "Faces found in them.", registry=registry)
        self.waiting = Gauge(
            "mien_queue", "Requests that are worked on or wait for it.", registry=registry
        )
        self.refused = Counter(
            "mien_requests_refused", "Requests refused because too many waited.", registry=registry
        )
        self.batch_pictures = Histogram(
            "mien_batch_pictures", "Pictures classified in one call.", buckets=_COUNTS,
            registry=registry,
        )  # fmt: skip
        self.batch_faces = Histogram(
            "mien_batch_faces", "Faces classified in one call.", buckets=_COUNTS, registry=registry
        )
        self.live = Gauge("mien_live_connections", "Live streams that are open.", registry=registry)
        self.frames = Counter("mien_frames", "Frames of live streams.", registry=registry)
        self.dropped = Counter(
            "mien_frames_dropped", "Frames of live streams replaced by newer ones.",
            registry=registry,
        )  # fmt: skip
        self.videos = Gauge("mien_videos", "Videos and results.", ("state",), registry=registry)
        self.alerts = Gauge("mien_alerts", "Alerts in the log.", ("state",), registry=registry)

    def set_alerts(self, counts: Mapping[str, int]) -> None:
        """State → alerts in the log; states without an alert are left out."""
        _set(self.alerts, counts)

    def set_videos(self, counts: Mapping[str, int]) -> None:
        """State → videos that are kept or analysed."""
        _set(self.videos, counts)


def _set(gauge: Gauge, counts: Mapping[str, int]) -> None:
    gauge.clear()
    for state, count in counts.items():
        gauge.labels(state).set(count)


class Measured:
    """An ASGI middleware that counts requests and measures their time."""

    def __init__(self, app: ASGIApp, meters: Meters) -> None:
        self._app, self._meters = app, meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sent)
        finally:
            operation = _operation(scope)
            method = scope["method"] if scope["method"] in METHODS else "other"
            self._meters.requests.labels(method, operation, str(status or "none")).inc()
            self._meters.seconds.labels(operation).observe(time.perf_counter() - began)


def _operation(scope: Scope) -> str:
    """The path as the interface has it: a path of a request may hold a person's name."""
    route = scope.get("route")
    path: str | None = getattr(route, "path", None)
    return path or "page"
