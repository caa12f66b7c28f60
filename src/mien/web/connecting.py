"""Connections for one download, limited in time and bytes, and to servers on the internet.

A list of addresses from a stranger must not make this machine ask its own network: routers, cloud
metadata (169.254.169.254), services on localhost. A name is resolved once, and the connection goes
to an address that was checked, so that a second answer of the name server cannot change it.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Sequence
from typing import Any

PRIVATE = "its server is not on the internet"
"""Why an address on this machine or in a private network is refused."""
SLOW = "its server is too slow"
_BESIDE = 1_000_000  # bytes beside the content: headers, and pages that only redirect
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class DownloadError(Exception):
    """Why an address gave nothing.

    ``again``: another try may succeed. ``unreached``: no server answered.
    """

    def __init__(self, reason: str, again: bool = False, unreached: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.again, self.unreached = reason, again, unreached


class Allowance:
    """What one download may take, its redirections included.

    ``timeout``: seconds without a byte. ``end``: when to give up, by ``time.monotonic``. ``most``:
    bytes of the content. ``private``: allow servers that are not on the internet.
    """

    def __init__(self, timeout: float, end: float, most: int, private: bool) -> None:
        self._timeout, self._end, self._private = timeout, end, private
        self._most, self._left = most, most + _BESIDE

    def wait(self) -> float:
        """Seconds to wait for the next byte; ``DownloadError`` where the time is over."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise DownloadError(SLOW)
        return min(self._timeout, left)

    def spend(self, count: int) -> None:
        """Count bytes; ``DownloadError`` where they are too many."""
        self._left -= count
        if self._left < 0:
            raise DownloadError(f"larger than {self._most // 1_000_000} MB")

    def check(self, host: str) -> None:
        """Raise ``DownloadError`` for a private host that a proxy would connect to.

        The proxy resolves names itself, so a name that is unknown here is left to it.
        """
        try:
            self._public(_resolve(host, 0))
        except OSError:
            return

    def connect(self, place: tuple[str, int], checked: bool = True) -> socket.socket:
        """A connection to (host, port); ``checked`` unless this is the user's own proxy.

        Raises ``DownloadError`` where no address of the host is allowed, ``OSError`` where none
        answers.
        """
        found = _resolve(*place)
        error: OSError = OSError(f"{place[0]} has no address")
        for family, kind, protocol, _, where in self._public(found) if checked else found:
            connection = socket.socket(family, kind, protocol)
            try:
                connection.settimeout(self.wait())
                connection.connect(where)
            except BaseException as failed:
                connection.close()
                if not isinstance(failed, OSError):
                    raise
                error = failed
            else:
                return connection
        raise error

    def _public(self, found: Sequence[Any]) -> list[Any]:
        """The addresses that are allowed; ``DownloadError`` if there are only others."""
        allowed = [entry for entry in found if self._private or is_public(entry[4][0])]
        if found and not allowed:
            raise DownloadError(PRIVATE)
        return allowed


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet: not private, local, reserved or multicast."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
        if ip in _NAT64:
            inner.append(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
        if not all(is_public(str(four)) for four in inner if four):
            return False
        if ip.ipv4_mapped:
            return True
        if ip.is_site_local:
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _resolve(host: str, port: int) -> list[Any]:
    return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
