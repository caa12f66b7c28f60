"""One picture from the web."""

from __future__ import annotations

import os
import time

from mien.errors import ConfigError, ImageReadError
from mien.web.connecting import PRIVATE, DownloadError
from mien.web.download import download

ALLOW_PRIVATE = "MIEN_ALLOW_PRIVATE"
"""The environment variable that allows servers on this machine and in private networks."""
LONGEST, SILENCE = 30.0, 10.0
"""Seconds that one picture may take in all, and without a byte."""


def fetch_picture(url: str, allow_private: bool | None = None) -> bytes:
    """The content of an address, of at most ``mien.web.download.MAX_BYTES``.

    ``allow_private``: ask servers that are not on the internet; by default as ``ALLOW_PRIVATE``
    says. Raises ``ImageReadError``, and ``ConfigError`` for a variable that is not 0 or 1.
    """
    private = _allowed() if allow_private is None else allow_private
    try:
        end = time.monotonic() + LONGEST
        return download(url, SILENCE, end=end, private=private)[0]
    except DownloadError as error:
        advice = "check the address"
        if error.reason == PRIVATE:
            advice = f"allow it with allow_private, --allow-private or {ALLOW_PRIVATE}=1"
        raise ImageReadError(f"cannot fetch {url!r} ({error.reason}): {advice}") from None


def _allowed() -> bool:
    value = os.environ.get(ALLOW_PRIVATE) or "0"
    if value not in ("0", "1"):
        raise ConfigError(f"{ALLOW_PRIVATE} is {value!r}: give 0 or 1")
    return value == "1"
