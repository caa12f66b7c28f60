"""Student's t distribution with a whole number of degrees of freedom; the standard library only."""

from __future__ import annotations

import math


def two_sided_p(t: float, freedom: int) -> float:
    """The probability that |T| is ``abs(t)`` or more, in [0, 1].

    By the finite series of Abramowitz and Stegun (1964), 26.7.3 and 26.7.4.
    """
    if math.isinf(t):
        return 0.0
    angle = math.atan(abs(t) / math.sqrt(freedom))
    cosine = math.cos(angle)
    odd = freedom % 2 == 1
    term, total = (cosine, 0.0) if odd else (1.0, 0.0)
    for step in range(1 + odd, freedom, 2):
        total += term
        term *= cosine * cosine * step / (step + 1)
    inside = math.sin(angle) * total
    if odd:
        inside = 2 / math.pi * (angle + inside)
    return min(1.0, max(0.0, 1 - inside))


def quantile(freedom: int, share: float = 0.95) -> float:
    """The t that |T| stays below with probability ``share``."""
    low, high = 0.0, 1.0
    while two_sided_p(high, freedom) > 1 - share:
        low, high = high, 2 * high
    for _ in range(100):
        middle = (low + high) / 2
        if two_sided_p(middle, freedom) > 1 - share:
            low = middle
        else:
            high = middle
    return (low + high) / 2
