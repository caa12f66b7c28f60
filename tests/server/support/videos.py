"""Videos sent to a server."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import httpx


def send(client: httpx.Client, path: Path, **query: Any) -> dict[str, Any]:
    """The job of a video that was sent as a raw body."""
    answer = client.post("/v1/videos", params=query, content=path.read_bytes())
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/v1/videos/{job['id']}"
    return job


def wait(client: httpx.Client, job: dict[str, Any], seconds: float = 60) -> dict[str, Any]:
    """The job when it is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found: dict[str, Any] = client.get(f"/v1/videos/{job['id']}").json()
        if found["state"] not in ("queued", "running"):
            return found
        time.sleep(0.05)
    raise AssertionError(f"the job does not end: {found}")


def results(client: httpx.Client, job: dict[str, Any], start: int = 0) -> list[dict[str, Any]]:
    """The results from a number on, read until the stream ends."""
    answer = client.get(f"/v1/videos/{job['id']}/results", params={"from": start})
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    return [json.loads(line) for line in answer.text.splitlines()]


def events(client: httpx.Client, job: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """(name, object) of each event, until the stream ends."""
    found, name = [], ""
    with client.stream("GET", f"/v1/videos/{job['id']}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                found.append((name, json.loads(line[6:])))
    return found
