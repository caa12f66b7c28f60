"""A server with the simulated log, and tabs of those who look at it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.server.support.served import Served, serving
from tests.server.support.simulated_log import simulated_log
from tests.server.support.tabs import tab


def make_log(folder: Path) -> Path:
    """The simulated log, closed; each server gets a copy, because people write into it."""
    file = folder / "simulated.db"
    simulated_log(file).close()
    return file


@contextmanager
def serving_people(folder: Path, log: Path, **options: Any) -> Iterator[Served]:
    """A server with a copy of ``log`` and a token for each role."""
    copy = folder / "log.db"
    shutil.copy(log, copy)
    with serving(folder, log=copy, tokens=True, **options) as served:
        yield served


@contextmanager
def visit(
    browser: Any, served: Served, place: str, role: str = "admin", **options: Any
) -> Iterator[Any]:
    """A tab at ``#/place`` of somebody with ``role``, who has logged in before."""
    state = {"cookies": [session_of(served, role)], "origins": []}
    with tab(browser, f"{served.url}/#/{place}", storage_state=state, **options) as page:
        yield page


def session_of(served: Served, role: str) -> dict[str, Any]:
    """The cookie of a new session, as Playwright takes it."""
    with served.client() as client:
        answer = client.post(
            "/v1/session", json={"token": served.tokens[role]}, headers={"Origin": served.url}
        )
        answer.raise_for_status()
        (cookie,) = client.cookies.jar
    return {
        "name": cookie.name, "value": cookie.value, "domain": "127.0.0.1", "path": "/",
        "expires": -1, "httpOnly": True, "secure": False, "sameSite": "Strict",
    }  # fmt: skip
