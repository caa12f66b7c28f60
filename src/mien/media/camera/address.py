"""Which camera is meant, and what it is called where anybody may read it."""

from __future__ import annotations

import re

from mien.errors import ConfigError, brief

SCHEMES = ("rtsp", "rtsps", "http", "https")
_HIDDEN = "***"
_MOST_NUMBER = 99
_START = re.compile(rf"({'|'.join(SCHEMES)})://", re.IGNORECASE)
# ``name=value`` of a query, and of paths such as /user=admin_password=x_channel=1.sdp
_VALUE = re.compile(r"([A-Za-z]\w*?)=([^&;/?#]*?)(?=$|[&;/?#]|_[A-Za-z]+=)")
_SHOWN = {"camera", "channel", "fps", "resolution", "stream", "subtype"}


def camera_of(source: int | str) -> int | str:
    """The number of a webcam, or the address of a network camera.

    A number may be a text, as on a command line. Raises ``ConfigError`` for anything else, without
    a password that may be in it.
    """
    if isinstance(source, bool) or not isinstance(source, int | str):
        raise ConfigError(f"{brief(source)} is not a camera: {_wanted()}")
    if isinstance(source, str) and re.fullmatch(r"[0-9]{1,9}", source):
        source = int(source)
    if isinstance(source, int):
        if not 0 <= source <= _MOST_NUMBER:
            raise ConfigError(
                f"there is no camera {source}: give a number from 0 to {_MOST_NUMBER}"
            )
        return source
    if _START.match(source) is None:
        raise ConfigError(f"{brief(masked(source))} is not a camera: {_wanted()}")
    if not source.isascii() or not source.isprintable() or " " in source:
        raise ConfigError(
            f"the address {masked(source)!r} has spaces or characters beyond ASCII: "
            "write them as percent codes, such as %20"
        )
    if not source.partition("://")[2].rpartition("@")[2].strip("/"):
        raise ConfigError(f"the address {masked(source)!r} has no host: {_wanted()}")
    return source


def masked(source: int | str) -> str:
    """The name of a camera without users, passwords and keys.

    All up to the last ``@`` is hidden, as passwords may hold one, and values in query and path,
    apart from those of a few known names such as ``channel``.
    """
    if isinstance(source, int):
        return f"camera {source}"
    scheme, mark, rest = source.partition("://") if "://" in source else ("", "", source)
    _, at, place = rest.rpartition("@")
    shown = f"{_HIDDEN}@{place}" if at else place
    return f"{scheme}{mark}{_VALUE.sub(_hide, shown)}"


def _hide(found: re.Match[str]) -> str:
    name = found[1]
    return found[0] if name.lower() in _SHOWN else f"{name}={_HIDDEN}"


def _wanted() -> str:
    return "give the number of a webcam, such as 0, or an address rtsp://… or http://…"
