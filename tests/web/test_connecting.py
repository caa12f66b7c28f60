from __future__ import annotations

import socket
import time

import pytest

from mien.web.connecting import PRIVATE, SLOW, Allowance, DownloadError, is_public


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_addresses_of_the_internet(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.255.0.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1",  # private
     "169.254.169.254", "100.64.0.1", "192.0.2.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
     "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1",
     "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",  # IPv4 inside
     "2002:7f00:1::", "2001:0:7f00:1::", "localhost", ""],
)  # fmt: skip
def test_addresses_that_are_not(address: str) -> None:
    assert not is_public(address)


def test_a_proxy_is_not_asked_for_private_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    allowance = Allowance(1, time.monotonic() + 1, 100, private=False)
    with pytest.raises(DownloadError, match=PRIVATE):
        allowance.check("127.0.0.1")
    Allowance(1, time.monotonic() + 1, 100, private=True).check("127.0.0.1")

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    allowance.check("only.the.proxy.knows")


def test_many_dead_addresses_share_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host may have hundreds of addresses; each alone would wait for the whole time-out."""
    entry = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 9))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [entry] * 100)

    def stall(self: socket.socket, where: object) -> None:
        time.sleep(self.gettimeout() or 0)
        raise TimeoutError

    monkeypatch.setattr(socket.socket, "connect", stall, raising=False)
    allowance = Allowance(0.05, time.monotonic() + 0.2, 100, private=True)
    with pytest.raises(DownloadError, match=SLOW):
        allowance.connect(("many.test", 9))


def test_bytes_are_counted() -> None:
    allowance = Allowance(1, time.monotonic() + 1, 2_000_000, private=False)
    allowance.spend(3_000_000)  # headers are beside the content
    with pytest.raises(DownloadError, match="larger than 2 MB"):
        allowance.spend(1)
