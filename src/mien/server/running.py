"""Runs the application: checks who could reach it, listens, and ends in an orderly way."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import uvicorn

from mien.errors import ConfigError, OutputError, one_line
from mien.server.access.addresses import allowed_names, is_local, is_loopback
from mien.server.access.tokens import TokenFile
from mien.server.app import create_app
from mien.server.context import Context
from mien.server.protocol import BoundedH11
from mien.server.settings import ServerSettings

END_S = 5
"""For requests that are being answered when the server is to end; then they are cut off."""
KEEP_ALIVE_S = 15
BACKLOG = 1024
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2; uvicorn's own are those of TLS 1.0. TLS 1.3 has none to choose from."""

OnFault = Callable[[str], None]


class Server:
    """A server that listens from here on, and answers once ``run`` is called."""

    def __init__(self, settings: ServerSettings, on_fault: OnFault = lambda line: None) -> None:
        """``on_fault`` gets a line for each request that fails by the server's own fault.

        Raises ``ConfigError`` where others could reach the server without a token and for TLS files
        that cannot be used, ``OutputError`` for a port that is taken, and what ``create_app``
        raises.
        """
        self.settings, self._on_fault = settings, on_fault
        check_reach(settings)
        if settings.reports is not None and not os.path.isdir(settings.reports):  # noqa: PTH112
            raise ConfigError(f"{settings.reports!r} is not a folder of reports")
        if settings.rules is not None:
            from mien.monitor.rules.reading import load_rules  # slow: only where they are given

            load_rules(settings.rules)
        self._socket = _listen(settings.host, settings.port)
        try:
            self.app = create_app(settings, on_fault)
            self.context: Context = self.app.state.context
            self._config = _config(self.app, settings)
        except BaseException:
            self._socket.close()
            raise
        self._server = _Uvicorn(self._config, self.context, on_fault)

    @property
    def port(self) -> int:
        """Where it listens, also if any free port was asked for."""
        number: int = self._socket.getsockname()[1]
        return number

    @cached_property
    def url(self) -> str:
        """The address of the page, on this machine or by the machine's name."""
        host = self.settings.host
        if host in ("0.0.0.0", "::", ""):
            host = socket.gethostname()
        scheme = "https" if self.settings.tls_cert else "http"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}/"

    @property
    def has_start_link(self) -> bool:
        """Whether the person at this terminal may let a browser in, and that leads to more."""
        return is_loopback(self.settings.host) and self.context.access.can_log_in

    def start_link(self) -> str:
        """The page's address with a new code that lets one browser in, as an administrator.

        The code is in the fragment, which browsers send to no server.
        """
        return f"{self.url}#start={self.context.access.start_code.make()}"

    def run(self) -> None:
        """Answer until ``stop`` is called or a signal comes."""
        with _one_line_logs(self._on_fault):
            self._server.run(sockets=[self._socket])

    def wait_until_ready(self, seconds: float = 30.0) -> None:
        """Return when requests are answered; for a server that runs in another thread."""
        end = time.monotonic() + seconds
        while not self._server.started and time.monotonic() < end:
            time.sleep(0.005)

    def stop(self) -> None:
        """Let ``run`` return; from any thread."""
        self._server.should_exit = True


class _Uvicorn(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, context: Context, on_fault: OnFault) -> None:
        super().__init__(config)
        self._context, self._on_fault = context, on_fault

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        asyncio.get_running_loop().set_exception_handler(self._report)
        await super().startup(sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._context.stopping.set()  # streams without end end now
        await super().shutdown(sockets)

    def _report(self, loop: asyncio.AbstractEventLoop, what: Mapping[str, Any]) -> None:
        error = what.get("exception")
        if not isinstance(error, OSError):  # a connection that broke
            self._on_fault(f"{what.get('message')}: {error!r}")


def check_reach(settings: ServerSettings) -> None:
    """Raise ``ConfigError`` if other machines could reach the server, and there is no token.

    Also for further names that are none.
    """
    allowed_names(settings)  # the guard asks only when the first request comes
    if is_local(settings):
        return
    tokens = TokenFile(settings.tokens)
    if not tokens.tokens():
        raise ConfigError(
            "others could reach this server, and it has no token to let them in: make one with "
            "'mien serve token create NAME --role analyse', or leave out --host and --allow-host"
        )


def warnings(settings: ServerSettings) -> list[str]:
    """What the person who starts the server should know."""
    if is_loopback(settings.host) or settings.tls_cert:
        return []
    return [
        "without TLS, tokens and faces cross the network in the open: give --tls-cert and "
        "--tls-key, or put a proxy that has them before the server"
    ]


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        # asyncio sends small answers at once (TCP_NODELAY) only where the protocol is named: else
        # the second part of each waits 40 ms for the client's acknowledgement of the first.
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((host, port))
            listening.listen(BACKLOG)
        except BaseException:
            listening.close()
            raise
    except (OSError, UnicodeError, OverflowError) as error:
        raise OutputError(
            f"cannot listen on {host} port {port} ({one_line(error)}): give another --port, or 0 "
            "for any free one"
        ) from error
    return listening


def _config(app: Any, settings: ServerSettings) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="asyncio",
        http=BoundedH11,
        ws_max_size=settings.limits.frame_bytes,
        ws_per_message_deflate=False,  # pictures do not shrink, and zip bombs do
        log_config=None,
        access_log=False,
        proxy_headers=False,  # anybody on this machine could claim an address
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=END_S,
        ssl_ciphers=CIPHERS,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
    )
    try:
        config.load()
    except (ssl.SSLError, OSError, ValueError) as error:
        raise ConfigError(
            f"the TLS files cannot be used ({one_line(error)}): give a certificate chain and its "
            "key, both PEM and without a password"
        ) from None
    return config


class _one_line_logs(logging.Handler):  # noqa: N801 - used as a with block
    """Uvicorn's own errors, one line each; nothing of what a library says of a request."""

    def __init__(self, on_fault: OnFault) -> None:
        super().__init__(logging.ERROR)
        self._on_fault, self._logger = on_fault, logging.getLogger("uvicorn.error")
        self._changed = (self._logger, logging.getLogger("python_multipart"))
        self._before = [(each.level, each.propagate) for each in self._changed]

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        self._on_fault(record.getMessage().strip() + (f": {error!r}" if error else ""))

    def __enter__(self) -> None:
        self._logger.addHandler(self)
        for each, level in zip(self._changed, (logging.ERROR, logging.CRITICAL), strict=True):
            each.setLevel(level)
            each.propagate = False

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self)
        for each, (level, propagate) in zip(self._changed, self._before, strict=True):
            each.setLevel(level)
            each.propagate = propagate
