"""Sessions of the page, in memory: they end with the server."""

from __future__ import annotations

import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from mien.server.access.tokens import Token, digest_of
from mien.server.access.who import Who

IDLE_S, LIFE_S = 8 * 3600.0, 7 * 86400.0
"""A session ends when it is not used for this long, and in any case after this long."""
START_S = 600.0
"""For how long the start code is valid."""
MOST_SESSIONS = 1000


@dataclass(slots=True)
class Session:
    """Somebody who has logged in, in one browser."""

    who: Who
    token: Token | None
    """By which; ``None``: by the start code."""
    began: float
    used: float


class Sessions:
    """Cookie → session. Only hashes of the cookies are kept."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def begin(self, who: Who, token: Token | None) -> str:
        """The cookie of a new session. Beyond ``MOST_SESSIONS`` the longest unused one ends."""
        cookie, now = secrets.token_urlsafe(32), self._clock()
        self._sessions[digest_of(cookie)] = Session(who, token, now, now)
        while len(self._sessions) > MOST_SESSIONS:
            self._sessions.popitem(last=False)
        return cookie

    def find(self, cookie: str) -> Session | None:
        """The session of a cookie, unless it has ended; it counts as used now."""
        key, now = digest_of(cookie), self._clock()
        session = self._sessions.get(key)
        if session is None:
            return None
        if _is_over(session, now):
            del self._sessions[key]
            return None
        session.used = now
        self._sessions.move_to_end(key)
        return session

    def end(self, cookie: str) -> None:
        """Forget the session of a cookie."""
        self._sessions.pop(digest_of(cookie), None)

    def drop(self, token: Token) -> None:
        """End the sessions that were begun by a token."""
        for key in [k for k, session in self._sessions.items() if session.token == token]:
            del self._sessions[key]

    def use(self, session: Session) -> None:
        """A long request shows that the session is used."""
        if session in self:
            session.used = self._clock()

    def __contains__(self, session: Session) -> bool:
        """Whether it has not ended; that does not count as use."""
        is_known = any(session is each for each in self._sessions.values())
        return is_known and not _is_over(session, self._clock())


def _is_over(session: Session, now: float) -> bool:
    return now - session.used > IDLE_S or now - session.began > LIFE_S


class StartCode:
    """A code that lets one browser in, once."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._digest: str | None = None
        self._until = 0.0

    def make(self) -> str:
        """A new code, valid for ``START_S``; the one before is valid no more."""
        code = secrets.token_urlsafe(32)
        self._digest, self._until = digest_of(code), self._clock() + START_S
        return code

    def take(self, code: str) -> bool:
        """Whether ``code`` is the valid one, which it is only once."""
        if self._digest is None or self._clock() > self._until:
            return False
        if not hmac.compare_digest(self._digest, digest_of(code)):
            return False
        self._digest = None
        return True
