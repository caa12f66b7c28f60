"""Where messages go: ``[[target]]`` tables of the rules file. Each key is one of the same name.

A secret is never in the rules file: it names the file that holds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What every target has."""

    kind: ClassVar[str]

    name: str

    def check(self) -> None:
        """Raise ``ValueError`` with the reason if a value is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardOutput(Target):
    """A line on the standard output of the command that sends."""

    kind: ClassVar[str] = "output"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFile(Target):
    """A line of JSON at the end of a file, which only its owner may read."""

    kind: ClassVar[str] = "file"

    path: str

    def check(self) -> None:
        """Raise ``ValueError`` with the reason if a value is wrong."""
        if not self.path or "\0" in self.path:
            raise ValueError("path must name a file")


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook(Target):
    """JSON sent to an address by POST, signed with a secret."""

    kind: ClassVar[str] = "webhook"

    url: str
    secret_file: str
    """A file with the secret of the signature, in one line."""
    timeout_s: float = 10.0

    def check(self) -> None:
        """Raise ``ValueError`` with the reason if a value is wrong."""
        _check_timeout(self.timeout_s)
        try:
            parts = urlsplit(self.url)
            known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            known = False
        if not known or not self.url.isascii() or not self.url.isprintable() or " " in self.url:
            raise ValueError("url must be an address that begins with https:// or http://")


@dataclass(frozen=True, slots=True, kw_only=True)
class Email(Target):
    """An e-mail, by SMTP."""

    kind: ClassVar[str] = "email"

    host: str
    sender: str
    to: tuple[str, ...]
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password_file: str = ""
    """A file with the password of ``user``, in one line."""
    timeout_s: float = 20.0

    def check(self) -> None:
        """Raise ``ValueError`` with the reason if a value is wrong."""
        _check_timeout(self.timeout_s)
        if not 1 <= self.port <= 65535:
            raise ValueError(f"port must be from 1 to 65535, got {self.port}")
        if not self.host:
            raise ValueError("host must name a mail server")
        if not self.to:
            raise ValueError("to must name at least one address")
        for address in (self.sender, *self.to):
            name, at, domain = address.partition("@")
            if (
                not (name and at and domain)
                or not address.isprintable()
                or set(address) & set(" ,<>")
            ):
                raise ValueError(f"{address!r} is not an e-mail address")
        if self.user and self.security == "none":
            raise ValueError("a password is not sent without encryption: use starttls or tls")
        if bool(self.user) != bool(self.password_file):
            raise ValueError("user and password_file go together")


@dataclass(frozen=True, slots=True, kw_only=True)
class AppriseService(Target):
    """A text to one of the services of Apprise, by its address (extra ``apprise``)."""

    kind: ClassVar[str] = "apprise"

    url_file: str
    """A file with the address, such as ``ntfys://host/topic``, in one line: it holds secrets."""
    timeout_s: float = 20.0
    """Of connecting, and of each answer."""

    def check(self) -> None:
        """Raise ``ValueError`` with the reason if a value is wrong."""
        _check_timeout(self.timeout_s)
        if not self.url_file or "\0" in self.url_file:
            raise ValueError("url_file must name a file")


AnyTarget = StandardOutput | MessageFile | Webhook | Email | AppriseService
TARGETS: dict[str, type[AnyTarget]] = {
    kind.kind: kind for kind in (StandardOutput, MessageFile, Webhook, Email, AppriseService)
}


def _check_timeout(seconds: float) -> None:
    if not 0.1 <= seconds <= 120:
        raise ValueError(f"timeout_s must be from 0.1 to 120, got {seconds:g}")
