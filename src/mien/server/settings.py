"""What a server is started with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

HOST, PORT = "127.0.0.1", 8000


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may cost."""

    body_bytes: int = 64 * 1024 * 1024
    """Of a request with pictures, counted while they arrive."""
    video_bytes: int = 4 * 1024 * 1024 * 1024
    video_frames: int = 1_000_000
    """Of one video that are analysed: eleven hours at 25 a second."""
    pictures: int = 100
    frame_bytes: int = 8 * 1024 * 1024
    """Of one frame of a live stream."""
    frame_pixels: int = 8_500_000
    """Of one frame of a live stream: 3840 × 2160."""
    live: int = 32
    """Live connections at once; further ones are closed with 1013."""
    followers: int = 64
    """Clients that follow videos at once."""
    pixels: int = 100_000_000
    """Of one picture."""
    memory_bytes: int = 512 * 1024 * 1024
    """Of all requests with pictures that are in memory."""
    waiting: int = 64
    """Requests that are worked on or wait for it; further ones get 503."""
    request_s: float = 60.0
    """For a request to arrive, and for its answer to be ready."""


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where a server listens, what it analyses with and whom it lets in."""

    host: str = HOST
    port: int = PORT
    hosts: tuple[str, ...] = ()
    """Further names under which browsers may reach it."""
    recognizer: Mapping[str, Any] = field(default_factory=dict)
    """The options of ``Recognizer``."""
    log: str | None = None
    """A file, or the address of a PostgreSQL database; without one, pages of persons say so."""
    key_file: str | None = None
    """Of an encrypted log."""
    tokens: str | None = None
    """The file of tokens (default: ``mien.server.access.tokens.default_path()``)."""
    reports: str | None = None
    """A folder of reports of ``mien evaluate``, whose figures are shown."""
    rules: str | None = None
    """A file of rules, which say what is judged in trends (default: those of Mien)."""
    jobs: str | None = None
    """The folder of videos that are analysed (default: ``open_private``'s)."""
    tls_cert: str | None = None
    """A file with the certificate chain (PEM); with ``tls_key`` the server speaks TLS."""
    tls_key: str | None = None
    limits: Limits = field(default_factory=Limits)
