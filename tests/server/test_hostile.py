"""A thousand hostile requests: no 500, no crash, nothing left open (all 100,000: benchmarks/)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra 'server' is not installed")

from mien.log.opening import create_log
from tests.server.support.hostile import send_all


def open_files() -> int:
    """Of this process, which is server and client; 0 where the system does not tell."""
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


@pytest.mark.parametrize("tokens", [False, True], ids=["open", "tokens"])
def test_no_request_breaks_it(served: Callable[..., Any], tmp_path: Path, tokens: bool) -> None:
    log = tmp_path / "log.db"
    create_log(log).close()
    one = served(log=log, tokens=tokens)
    before = open_files()
    token = one.tokens.get("admin")
    outcome = asyncio.run(send_all(one.server.port, 500, seed=int(tokens), token=token))
    assert outcome.own_faults == [] and one.faults == []
    assert sum(outcome.statuses.values()) == 500
    assert {"400", "404", "405", "421"} <= set(outcome.statuses)  # it is reached
    end = time.monotonic() + 15
    while before and open_files() > before + 5 and time.monotonic() < end:
        time.sleep(0.1)
    assert not before or open_files() <= before + 5
    with one.client() as client:
        assert client.get("/healthz").status_code == 200
