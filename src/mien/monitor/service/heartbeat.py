"""The heartbeat: a small file that others watch. One that is old says that the process is dead."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from mien.files import write_whole
from mien.monitor.service.sources import SourceState

BEAT_S = 10.0
"""Seconds between two beats."""


def heartbeat(
    now: datetime, checked: datetime | None, sources: Sequence[SourceState], problem: str,
    running: bool = True,
) -> str:  # fmt: skip
    """One line of JSON. ``problem``: of the last check, empty if there was none."""
    return json.dumps(
        {
            "time": now.isoformat(timespec="seconds"), "running": running,
            "checked": None if checked is None else checked.isoformat(timespec="seconds"),
            "problem": problem,
            "sources": [
                {
                    "name": one.name, "state": one.state.value, "down_s": round(one.down_s, 1),
                    "why": one.why,
                }
                for one in sources
            ],
        }
    )  # fmt: skip


def write_heartbeat(path: Path, text: str) -> None:
    """Write it whole. Raises ``OutputError``."""
    write_whole(path, f"{text}\n".encode())
