from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the extra 'server' is not installed")

from mien.server.access import sessions
from mien.server.access.sessions import IDLE_S, LIFE_S, START_S, Sessions, StartCode
from mien.server.access.tokens import TokenFile
from mien.server.access.who import Who

ANNA = Who("anna", "care", "1")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_session_ends_when_it_is_not_used() -> None:
    clock = Clock()
    kept = Sessions(clock)
    cookie = kept.begin(ANNA, None)
    for _ in range(3):
        clock.now += IDLE_S - 1
        session = kept.find(cookie)
        assert session is not None and session.who == ANNA and session in kept
    clock.now += IDLE_S + 1
    assert kept.find(cookie) is None and session not in kept


def test_a_session_that_is_used_ends_too() -> None:
    clock = Clock()
    kept = Sessions(clock)
    cookie, began = kept.begin(ANNA, None), clock.now
    while clock.now - began <= LIFE_S:
        assert kept.find(cookie)
        clock.now += IDLE_S / 2
    assert kept.find(cookie) is None


def test_a_long_request_ends_with_its_session() -> None:
    clock = Clock()
    kept = Sessions(clock)
    for is_used, seconds in ((False, IDLE_S), (True, LIFE_S)):
        session, began = kept.find(kept.begin(ANNA, None)), clock.now
        assert session is not None
        while session in kept:  # asking is no use
            assert clock.now - began <= seconds
            if is_used:
                kept.use(session)
            clock.now += IDLE_S / 2
        assert clock.now - began > seconds
        kept.use(session)
        assert session not in kept


def test_logging_out_ends_one_session() -> None:
    kept = Sessions()
    first, second = kept.begin(ANNA, None), kept.begin(ANNA, None)
    assert first != second
    kept.end(first)
    assert kept.find(first) is None and kept.find(second)
    assert kept.find("") is None and kept.find("\ud800") is None


def test_sessions_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MOST_SESSIONS", 3)
    kept = Sessions()
    cookies = [kept.begin(ANNA, None) for _ in range(3)]
    kept.find(cookies[0])
    kept.begin(ANNA, None)
    assert [kept.find(cookie) is not None for cookie in cookies] == [True, False, True]


def test_the_cookie_is_not_kept(tmp_path: Path) -> None:
    kept = Sessions()
    _, token = TokenFile(tmp_path / "tokens.json").create("a", "care")
    cookie = kept.begin(token.who, token)
    assert cookie not in repr(vars(kept))


def test_a_start_code_works_once() -> None:
    start = StartCode()
    code = start.make()
    assert not start.take("") and not start.take(code[:-1])
    assert start.take(code) and not start.take(code)
    assert not StartCode().take("")


def test_a_start_code_gets_old() -> None:
    clock = Clock()
    start = StartCode(clock)
    first = start.make()
    second = start.make()
    assert not start.take(first)
    clock.now += START_S + 1
    assert not start.take(second)
