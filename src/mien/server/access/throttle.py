"""Slows down who guesses: after wrong log-ins an address waits, longer each time.

A right log-in is not asked to wait (``gate.Access``).
"""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

FREE = 5
"""Wrong log-ins of an address before it waits: 1 s, then twice as long each time."""
MOST_WAIT_S = 300.0
FORGET_S = 3600.0
"""Wrong log-ins are forgotten this long after the last one."""
BURST, EVERY_S = 100, 0.1
"""Of all addresses together: so many wrong log-ins at once, and then one each ``EVERY_S``."""
MOST_ADDRESSES = 10_000


@dataclass(slots=True)
class _Failures:
    count: int
    last: float


class Throttle:
    """Counts wrong log-ins, per address and in all."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, _Failures] = OrderedDict()
        self._left, self._filled = float(BURST), clock()

    def wait_s(self, address: str) -> float:
        """For how many seconds wrong log-ins from ``address`` get no other answer; 0: they do."""
        now = self._clock()
        self._fill(now)
        everybody = 0.0 if self._left >= 1 else (1 - self._left) * EVERY_S
        failures = self._failures.get(network_of(address))
        if failures is None or failures.count < FREE:
            return everybody
        wait = min(MOST_WAIT_S, 2.0 ** min(failures.count - FREE, 20))
        return max(everybody, failures.last + wait - now, 0.0)

    def fail(self, address: str) -> None:
        """Count a wrong log-in."""
        now, network = self._clock(), network_of(address)
        self._fill(now)
        self._left = max(0.0, self._left - 1)
        before = self._failures.pop(network, None)
        old = before is None or now - before.last > FORGET_S
        count = 1 if before is None or old else before.count + 1
        self._failures[network] = _Failures(count, now)
        while len(self._failures) > MOST_ADDRESSES:
            self._failures.popitem(last=False)

    def succeed(self, address: str) -> None:
        """Forget the wrong log-ins of an address."""
        self._failures.pop(network_of(address), None)

    def _fill(self, now: float) -> None:
        self._left = min(float(BURST), self._left + (now - self._filled) / EVERY_S)
        self._filled = now


def network_of(address: str) -> str:
    """The address, or of one in IPv6 the /64 network: one client has all of it."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
