"""How large the files of a data set may be."""

from __future__ import annotations

import os

from mien.errors import ConfigError

MAX_TABLE_BYTES = 2_000_000_000
"""Of one table or annotation file."""
MAX_PICTURE_BYTES = 400_000_000
"""Of one picture's file: 100 megapixels without compression take 300 MB."""
LIMIT = "MIEN_MAX_FILE_BYTES"
"""The environment variable that replaces both limits."""
FREE_BYTES = 64 * 2**20
"""A member of a zip up to this size may be compressed by any ratio."""
MAX_RATIO = 200
"""Of a larger member: text shrinks 3 to 30 times, a file that is made to fill memory 1,000."""


def max_bytes(default: int) -> int:
    """``default``, or what ``MIEN_MAX_FILE_BYTES`` says. Raises ``ConfigError``."""
    value = os.environ.get(LIMIT) or str(default)
    if not (value.isascii() and value.isdecimal() and len(value) < 20 and int(value)):
        raise ConfigError(f"{LIMIT} is {value[:40]!r}: give a positive whole number of bytes")
    return int(value)


def too_large(size: int, most: int) -> str:
    """Why a file of ``size`` bytes is refused; empty if it is not above ``most``."""
    if size <= most:
        return ""
    return f"it has {size:,} bytes, above the limit of {most:,}: {LIMIT} raises it"
