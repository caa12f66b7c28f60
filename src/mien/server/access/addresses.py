"""Names and addresses that a server is reached by, and what they ask of it."""

from __future__ import annotations

import ipaddress
import re
import socket
from functools import lru_cache

from mien.errors import ConfigError, brief
from mien.server.settings import ServerSettings

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
_NAME = re.compile(r"(?!-)[a-z0-9_.-]{1,253}|\[[0-9a-f:.]{2,45}\]")


def is_local(settings: ServerSettings) -> bool:
    """Whether only this machine reaches the server.

    A further name (``--allow-host``) means that others come, through a proxy for example.
    """
    others = [name for name in settings.hosts if not is_loopback(name)]
    return is_loopback(settings.host) and not others


@lru_cache(maxsize=64)
def is_loopback(host: str) -> bool:
    """Whether an address or name leads to this machine alone. Raises ``ConfigError``."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0]).is_loopback
    except ValueError:
        return False


def allowed_names(settings: ServerSettings) -> frozenset[str]:
    """What ``Host`` may name, in small letters, without a port.

    On loopback its names alone. Elsewhere the machine's own name too; addresses are always allowed
    there (``is_address``), because a foreign name that leads here (DNS rebinding) is a name.
    Raises ``ConfigError``.
    """
    named = {normal_name(name) for name in settings.hosts}
    if is_loopback(settings.host):
        return LOOPBACK | named
    own = {socket.gethostname().lower(), socket.getfqdn().lower()}
    own |= {f"{name}.local" for name in own if "." not in name}
    host = settings.host.lower()
    return LOOPBACK | named | own | ({host} if _NAME.fullmatch(host) else set())


def normal_name(name: str) -> str:
    """A name or address as ``Host`` has it. Raises ``ConfigError``."""
    text = name.lower()
    try:
        if ipaddress.ip_address(text).version == 6:
            text = f"[{text}]"
    except ValueError:
        pass
    if not _NAME.fullmatch(text):
        raise ConfigError(
            f"{brief(name)} is not a name of this server: give one such as mien.example.org, "
            "without https:// and port"
        )
    return text


def split_host(header: str) -> str | None:
    """The name or address of a ``Host`` header, in small letters; ``None`` if it is malformed."""
    match = re.fullmatch(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9_.-]{1,253})(:[0-9]{1,5})?", header)
    return match[1].lower() if match else None


def is_address(name: str) -> bool:
    """Whether ``Host`` is an address, not a name."""
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
