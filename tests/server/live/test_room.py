"""A person is recorded over one connection at a time."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

import pytest

pytest.importorskip("fastapi", reason="the extra 'server' is not installed")

from mien.errors import ConflictError
from mien.server.live.room import LiveRoom
from mien.server.meters import Meters


class _Slow(set[str]):
    """Other threads get on while one looks something up."""

    def __contains__(self, person: object) -> bool:
        found = super().__contains__(person)
        time.sleep(0.01)
        return found


def test_of_many_threads_one_records(monkeypatch: pytest.MonkeyPatch) -> None:
    won: list[str] = []

    def record(place: str) -> None:
        with suppress(ConflictError):
            room.begin_recording("anna")
            won.append(place)

    with LiveRoom(4, Meters()) as room:
        monkeypatch.setattr(room, "_recorded", _Slow())
        threads = [threading.Thread(target=record, args=(place,)) for place in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) == 1
        with pytest.raises(ConflictError, match="recorded already"):
            room.begin_recording("anna")
        room.end_recording("anna")
        room.begin_recording("anna")
