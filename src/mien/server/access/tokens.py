"""Tokens for programs and people: a file of names, roles and hashes, never of the tokens.

A token has 256 random bits, so that a plain SHA-256 of it cannot be turned back.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from mien.errors import ConfigError, InputError, OutputError, brief, one_line
from mien.files import WholeFile, make_folder, output_error
from mien.parsing import is_number, is_text, parse_json
from mien.reading import read_file
from mien.server.access.who import ANYBODY, ROLES, Role, Who, user_name

PREFIX = "mien_"
TOKENS = "MIEN_TOKENS"
"""Environment variable: the file of tokens."""
MOST_TOKENS = 1000
_MOST_BYTES = 1 << 20
_NAME = re.compile(r"[\w .@-]{1,64}")
_DAY_S = 86400


@dataclass(frozen=True, slots=True)
class Token:
    """What is kept of one token."""

    id: str
    name: str
    role: Role
    sha256: str
    created: float
    """Seconds since 1970."""
    expires: float | None = None

    def holds(self, now: float) -> bool:
        """Whether it has not expired."""
        return self.expires is None or now < self.expires

    @property
    def who(self) -> Who:
        """Whom it stands for."""
        return Who(self.name, self.role, self.id)


def default_path() -> Path:
    """``MIEN_TOKENS``, or ``mien/tokens.json`` in the user's folder of settings."""
    if named := os.environ.get(TOKENS):
        return Path(named)
    try:
        if sys.platform == "win32":
            roaming = os.environ.get("APPDATA")
            folder = Path(roaming) if roaming else Path.home() / "AppData/Roaming"
        elif sys.platform == "darwin":
            folder = Path.home() / "Library/Application Support"
        else:
            xdg = os.environ.get("XDG_CONFIG_HOME", "")
            folder = Path(xdg) if Path(xdg).is_absolute() else Path.home() / ".config"
    except RuntimeError:
        raise ConfigError(f"no home folder to keep tokens in: set {TOKENS} to a file") from None
    return folder / "mien" / "tokens.json"


class TokenFile:
    """The tokens in a file, read again whenever it changes; a missing file holds none."""

    def __init__(self, path: str | Path | None = None) -> None:
        """``path``: by default ``default_path()``. Nothing is read yet."""
        self.path = default_path() if path is None else Path(path)
        self._stamp: tuple[int, int, int] | None = None
        self._tokens: tuple[Token, ...] = ()

    def tokens(self) -> tuple[Token, ...]:
        """Those of the file as it is now, expired ones too.

        Raises ``ConfigError`` for a file that is damaged, or that others may write.
        """
        try:
            status = self.path.stat()
        except FileNotFoundError:
            self._stamp, self._tokens = None, ()
            return ()
        except (OSError, ValueError) as error:
            raise self._error(one_line(error)) from None
        stamp = status.st_ino, status.st_mtime_ns, status.st_size
        if stamp != self._stamp:
            self._stamp = None  # a file that cannot be read lets nobody in
            self._tokens = self._read(status)
            self._stamp = stamp
        return self._tokens

    def exists(self) -> bool:
        """Whether there is a file, if only with no token in it. Raises as ``tokens`` does."""
        self.tokens()
        return self._stamp is not None

    def find(self, token: str) -> Token | None:
        """The entry of a token that a request gave, unless it has expired.

        Every hash is compared, each in constant time.
        """
        digest = digest_of(token)
        found = None
        for entry in self.tokens():
            if hmac.compare_digest(entry.sha256, digest):
                found = entry
        return found if found is not None and found.holds(time.time()) else None

    def holds(self, token: Token) -> bool:
        """Whether an entry is still there, as it was, and has not expired."""
        return token in self.tokens() and token.holds(time.time())

    def create(self, name: str, role: Role, days: float | None = None) -> tuple[str, Token]:
        """A new token, which is shown only now, and its entry. ``days``: until it expires.

        Raises ``InputError``, ``ConfigError`` and ``OutputError``.
        """
        if not _NAME.fullmatch(name) or name != name.strip():
            raise InputError(
                f"{brief(name)} is not a name of a token: give 1 to 64 letters, digits, spaces, "
                "'.', '@', '-' or '_'"
            )
        if name.casefold() in (ANYBODY.name, "unknown", user_name().casefold()):
            raise InputError(
                f"{brief(name)} is what the audit trail calls who has no token: give another name"
            )
        if role not in ROLES[1:]:
            raise InputError(f"{brief(role)} is not a role: give one of {', '.join(ROLES[1:])}")
        text, now = PREFIX + secrets.token_urlsafe(32), time.time()
        expires = None if days is None else now + days * _DAY_S
        with self._locked():
            tokens = self.tokens()
            if any(token.name == name for token in tokens):
                raise InputError(
                    f"there is a token named {name!r} already: give another name, or revoke it"
                )
            if len(tokens) >= MOST_TOKENS:
                raise InputError(f"there are {MOST_TOKENS} tokens already: revoke some")
            entry = Token(secrets.token_hex(4), name, role, digest_of(text), now, expires)
            self._write((*tokens, entry))
        return text, entry

    def revoke(self, name: str) -> Token:
        """Remove the token of a name or id; raises ``InputError`` where there is none."""
        with self._locked():
            tokens = self.tokens()
            gone = next((token for token in tokens if name in (token.name, token.id)), None)
            if gone is None:
                names = ", ".join(repr(token.name) for token in tokens) or "none"
                raise InputError(f"there is no token {brief(name)} (tokens: {names})")
            self._write([token for token in tokens if token != gone])
        return gone

    def _read(self, status: os.stat_result) -> tuple[Token, ...]:
        if os.name != "nt":
            if status.st_mode & 0o022:
                raise self._error("others may write it: run chmod 600 on it")
            if status.st_uid not in (0, os.geteuid()):
                raise self._error("it belongs to another user")
        try:
            content = parse_json(read_file(self.path, _MOST_BYTES), depth=4)
        except (OSError, ValueError) as error:
            raise self._error(one_line(error)) from None
        entries = content.get("tokens") if isinstance(content, dict) else None
        if not isinstance(entries, list):
            raise self._error("it is no list of tokens")
        return tuple(self._token(entry) for entry in entries)

    def _token(self, entry: object) -> Token:
        if isinstance(entry, dict):
            values = [entry.get(name) for name in ("id", "name", "role", "sha256")]
            times = [entry.get("created"), entry.get("expires")]
            if (
                all(is_text(value, 100) for value in values)
                and values[2] in ROLES[1:]
                and re.fullmatch("[0-9a-f]{64}", str(values[3]))
                and is_number(times[0])
                and (times[1] is None or is_number(times[1]))
            ):
                return Token(*values, *times)  # type: ignore[arg-type]  # checked above
        raise self._error("one of its tokens is damaged")

    def _error(self, why: str) -> ConfigError:
        return ConfigError(f"the file of tokens {str(self.path)!r} cannot be used: {why}")

    def _write(self, tokens: Sequence[Token]) -> None:
        text = json.dumps({"version": 1, "tokens": [asdict(token) for token in tokens]}, indent=1)
        try:
            with WholeFile(self.path) as whole:
                if os.name != "nt":
                    os.fchmod(whole.file.fileno(), 0o600)
                whole.file.write(text.encode() + b"\n")
                whole.finish()
        except (OSError, ValueError) as error:
            raise output_error(repr(str(self.path)), error) from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One process at a time changes the file."""
        if not self.path.parent.is_dir():
            make_folder(self.path.parent)
            self.path.parent.chmod(0o700)
        try:
            import fcntl
        except ImportError:  # Windows
            yield
            return
        try:
            folder = os.open(self.path.parent, os.O_RDONLY)
        except OSError as error:
            raise OutputError(f"cannot write {str(self.path)!r}: {one_line(error)}") from error
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)


def digest_of(secret: str) -> str:
    """The SHA-256 under which a secret is kept, in hexadecimal digits."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


def day_of(seconds: float | None) -> str | None:
    """A time as ``2026-11-27``, in UTC."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
