"""The signature of a webhook: HMAC-SHA256 over the time and the body (RFC 2104)."""

from __future__ import annotations

import hashlib
import hmac

ID, TIME, SIGNATURE = "Mien-Id", "Mien-Time", "Mien-Signature"
"""Headers: the message's id, seconds since 1970, and ``sha256=`` with the signature in hex."""
TOLERANCE_S = 300
"""Seconds by which the time of a message may be off before a receiver should refuse it."""


def sign(secret: bytes, time_s: int, body: bytes) -> str:
    """The header ``Mien-Signature``: of the time in digits, a full stop and ``body``."""
    digest = hmac.new(secret, str(time_s).encode() + b"." + body, hashlib.sha256)
    return f"sha256={digest.hexdigest()}"


def is_signed(secret: bytes, time_s: str, body: bytes, signature: str, now_s: float) -> bool:
    """What a receiver checks: whether the message comes from who knows ``secret``, just now.

    ``time_s`` and ``signature`` are the headers as they came. A message that was recorded and is
    played again is refused after ``TOLERANCE_S``; before, its id tells it.
    """
    if not (time_s.isascii() and time_s.isdigit() and len(time_s) < 20):
        return False
    fits = hmac.compare_digest(sign(secret, int(time_s), body).encode(), signature.encode())
    return fits and abs(now_s - int(time_s)) <= TOLERANCE_S
