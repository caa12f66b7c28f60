"""Decides whom a request comes from: a token, a session of the page, or anybody on this machine."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import HTTPConnection, cookie_parser

from mien.errors import ConfigError
from mien.server.access.addresses import is_local
from mien.server.access.sessions import LIFE_S, Session, Sessions, StartCode
from mien.server.access.throttle import Throttle
from mien.server.access.tokens import Token, TokenFile
from mien.server.access.who import ANYBODY, Who, user
from mien.server.problems import Problem
from mien.server.settings import ServerSettings

CREDENTIAL = "mien.credential"
"""Where the scope of a request has what it was let in by."""
MOST_SECRET = 200
"""Characters of a token, cookie or code that is looked at."""
_OF_PROXIES = frozenset({"forwarded", "via", "x-real-ip"})


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request was let in by; nothing: it came from this machine, which was enough."""

    token: Token | None = None
    session: Session | None = None


class Access:
    """The tokens, sessions and start code of one server."""

    def __init__(self, settings: ServerSettings) -> None:
        """Raises ``ConfigError`` for a file of tokens that cannot be used."""
        self.tokens = TokenFile(settings.tokens)
        self.sessions, self.start_code, self.throttle = Sessions(), StartCode(), Throttle()
        self._local = is_local(settings)
        self._wants_tokens = self.tokens.exists()
        self._has_log = settings.log is not None

    @property
    def is_open(self) -> bool:
        """Whether anybody on this machine may analyse.

        With a file of tokens nobody may without one, also when its last token was revoked. Who
        deletes the file opens the next server.
        """
        try:
            self._wants_tokens = self._wants_tokens or self.tokens.exists()
        except ConfigError as error:
            raise _unreadable(error) from None
        return self._local and not self._wants_tokens

    @property
    def can_log_in(self) -> bool:
        """Whether logging in leads to anything."""
        return not self.is_open or self._has_log

    def who(self, connection: HTTPConnection) -> Who | None:
        """Whom a request comes from, or ``None``.

        Without a token, what a proxy passes on comes from nobody. A wrong token raises ``Problem``
        401, or 429 for an address that keeps guessing; a cookie of a session that has ended counts
        as none.
        """
        if (header := connection.headers.get("authorization")) is not None:
            token = self._bearer(header, address_of(connection))
            connection.scope[CREDENTIAL] = Credential(token=token)
            return token.who
        session = self.session(connection)
        if session is not None:
            connection.scope[CREDENTIAL] = Credential(session=session)
            return session.who
        if self.is_open and not is_forwarded(connection):
            connection.scope[CREDENTIAL] = Credential()
            return ANYBODY
        return None

    def session(self, connection: HTTPConnection) -> Session | None:
        """The session of a request's cookie; one whose token is gone ends."""
        if (cookie := cookie_of(connection)) is None:
            return None
        session = self.sessions.find(cookie)
        if session is not None and not self._holds(session):
            self.sessions.end(cookie)
            return None
        return session

    def still_holds(self, scope: Mapping[str, Any]) -> bool:
        """Whether what a long request was let in by is valid yet; asked while it is answered."""
        credential: Credential | None = scope.get(CREDENTIAL)
        if credential is None:
            return True  # an operation for everybody
        if credential.token is not None:
            return self._token_holds(credential.token)
        if credential.session is not None:
            return credential.session in self.sessions and self._holds(credential.session)
        try:
            return self.is_open
        except Problem:  # the file of tokens is damaged
            return False

    def use(self, scope: Mapping[str, Any]) -> None:
        """A client shows over a long request that its session is used."""
        credential: Credential | None = scope.get(CREDENTIAL)
        if credential is not None and credential.session is not None:
            self.sessions.use(credential.session)

    def log_in(self, address: str, *, token: str | None = None, code: str | None = None) -> str:
        """The cookie of a new session, by a token or the start code.

        Raises ``Problem``: 401, or 429 for an address that has been wrong too often. A right one is
        never slowed down: nobody guesses 256 bits, and others may share the address.
        """
        entry = self._find(token) if token is not None else None
        if entry is not None:
            who = entry.who
        elif code is not None and len(code) <= MOST_SECRET and self.start_code.take(code):
            who = user()
        else:
            self._wrong(address)
            what = "token: it is mistyped, expired or revoked" if token is not None else (
                "start code: it works once and for ten minutes; start the server again for another"
            )  # fmt: skip
            raise Problem(401, f"this is no valid {what}")
        self.throttle.succeed(address)
        return self.sessions.begin(who, entry)

    def log_out(self, connection: HTTPConnection) -> None:
        """End the session of a request's cookie."""
        if cookie := cookie_of(connection):
            self.sessions.end(cookie)

    def _bearer(self, header: str, address: str) -> Token:
        scheme, _, text = header.partition(" ")
        token = self._find(text.strip()) if scheme.lower() == "bearer" else None
        if token is not None:  # also from an address where others guess
            return token
        self._wrong(address)
        raise Problem(
            401,
            "this is no valid token: give Authorization: Bearer mien_…, as it was when created",
            {"WWW-Authenticate": 'Bearer realm="mien", error="invalid_token"'},
        )

    def _wrong(self, address: str) -> None:
        """Count a wrong token or code; raises ``Problem`` 429 if there were too many."""
        if (wait := self.throttle.wait_s(address)) > 0:
            seconds = math.ceil(wait)
            raise Problem(
                429, f"too many wrong log-ins: try again in {seconds} s", retry_after(seconds)
            )
        self.throttle.fail(address)

    def _find(self, text: str) -> Token | None:
        if len(text) > MOST_SECRET:
            return None
        try:
            return self.tokens.find(text)
        except ConfigError as error:
            raise _unreadable(error) from None

    def _holds(self, session: Session) -> bool:
        return session.token is None or self._token_holds(session.token)

    def _token_holds(self, token: Token) -> bool:
        try:
            return self.tokens.holds(token)
        except ConfigError:
            return False


def _unreadable(error: ConfigError) -> Problem:
    return Problem(503, str(error), retry_after(10))


def retry_after(seconds: float) -> dict[str, str]:
    """The header that says when to try again."""
    return {"Retry-After": str(max(1, math.ceil(seconds)))}


def cookie_name(connection: HTTPConnection) -> str:
    """Of the session: with the port, because browsers keep one jar for all ports of a machine."""
    server = connection.scope.get("server")
    return f"mien_session_{server[1]}" if server and server[1] else "mien_session"


def cookie_of(connection: HTTPConnection) -> str | None:
    """The cookie of the session; not more of it than one can have."""
    value = cookie_parser(connection.headers.get("cookie", "")).get(cookie_name(connection))
    return value if value and len(value) <= MOST_SECRET else None


def cookie_header(connection: HTTPConnection, value: str | None) -> str:
    """``Set-Cookie`` for a session, or with ``None`` to remove it."""
    parts = [f"{cookie_name(connection)}={value or ''}", "Path=/", "HttpOnly", "SameSite=Strict"]
    parts.append(f"Max-Age={int(LIFE_S) if value else 0}")
    origin = connection.headers.get("origin", "")  # alone says so behind a proxy that speaks TLS
    if connection.url.scheme in ("https", "wss") or origin.startswith("https://"):
        parts.append("Secure")
    return "; ".join(parts)


def is_forwarded(connection: HTTPConnection) -> bool:
    """Whether a proxy passes the request on, as far as it can be seen.

    It may give this server's own ``Host``, so that the request seems to come from this machine.
    nginx does so unless told otherwise, without a header that says so; but older ones speak
    HTTP/1.0 then, which browsers do not.
    """
    return connection.scope.get("http_version") == "1.0" or any(
        name in _OF_PROXIES or name.startswith("x-forwarded-") for name in connection.headers
    )


def address_of(connection: HTTPConnection) -> str:
    """The client's address."""
    return connection.client.host if connection.client else ""
