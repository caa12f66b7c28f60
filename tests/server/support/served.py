"""A real server on a free port of this machine: in a thread, or in a process that can be killed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Thread
from typing import Any

import httpx

from mien.server.access.tokens import TokenFile
from mien.server.access.who import ROLES
from mien.server.context import Context
from mien.server.running import Server
from mien.server.settings import Limits, ServerSettings


@dataclass
class Served:
    """A server that runs in a thread."""

    url: str
    """Without a slash at the end, such as ``http://127.0.0.1:40123``."""
    server: Server
    tokens: dict[str, str]
    """Role → token; empty where there are none."""
    faults: list[str]
    """What the server reported of its own errors; a test that expects none asserts it is empty."""

    @property
    def context(self) -> Context:
        """What the operations share."""
        return self.server.context

    def start_link(self) -> str:
        """An address of the page with a new start code."""
        return self.server.start_link()

    def client(self, role: str | None = None, **options: Any) -> httpx.Client:
        """A client of the interface, with the token of ``role`` if one is named."""
        headers = {"Authorization": f"Bearer {self.tokens[role]}"} if role else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, **options)


@contextmanager
def serving(
    folder: Path,
    *,
    log: str | Path | None = None,
    tokens: bool = False,
    limits: Limits | None = None,
    recognizer: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Iterator[Served]:
    """A server in a thread; its file of tokens is in ``folder``.

    ``log``: an existing log. ``tokens``: with a token for each role, so that nobody gets in without
    one; else anybody on this machine may analyse. ``settings``: further fields of
    ``ServerSettings``.
    """
    settings.setdefault("jobs", tempfile.mkdtemp(prefix="jobs-", dir=folder))
    path = folder / "tokens.json"
    made = {role: TokenFile(path).create(f"the {role}", role)[0] for role in ROLES[1:] if tokens}
    faults: list[str] = []
    chosen = ServerSettings(
        port=0,
        log=None if log is None else str(log),
        tokens=str(path),
        recognizer={"threads": 1, **(recognizer or {})},
        **settings,
    )
    server = Server(replace(chosen, limits=limits) if limits else chosen, faults.append)
    thread = Thread(target=server.run, name="served")
    thread.start()
    try:
        server.wait_until_ready()
        yield Served(server.url.rstrip("/"), server, made, faults)
    finally:
        server.stop()
        thread.join(20)
        assert not thread.is_alive(), "the server does not end"


@dataclass
class ServedProcess:
    """``mien serve`` in a process of its own."""

    process: subprocess.Popen[str]
    url: str
    tokens: Path
    arguments: tuple[str, ...] = field(default=())

    @property
    def port(self) -> int:
        """Where it listens; give it to ``serve_process`` to come back at the same address."""
        return int(self.url.rpartition(":")[2])

    def kill(self) -> None:
        """As the system does when memory is short."""
        self.process.kill()
        self.process.wait()

    def end(self, number: int = signal.SIGTERM, seconds: float = 20) -> int:
        """Its exit status after a signal."""
        self.process.send_signal(number)
        return self.process.wait(seconds)


@contextmanager
def serve_process(folder: Path, *arguments: str, port: int = 0) -> Iterator[ServedProcess]:
    """``mien serve`` with further ``arguments``, started in ``folder``; killed at the end."""
    tokens = folder / "tokens.json"
    command = [sys.executable, "-m", "mien", "serve", "--port", str(port), "--threads", "1"]
    process = subprocess.Popen(
        [*command, "--tokens", str(tokens), *arguments],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "XDG_STATE_HOME": str(folder / "state")},
    )  # fmt: skip
    try:
        assert process.stdout is not None and process.stderr is not None
        line = process.stdout.readline()
        address = re.search(r"https?://\S+", line)
        assert address, line + (process.stderr.read() if process.poll() is not None else "")
        yield ServedProcess(process, address[0].rstrip("/"), tokens, arguments)
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
