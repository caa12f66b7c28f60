from __future__ import annotations

import socket

import pytest

pytest.importorskip("fastapi", reason="the extra 'server' is not installed")

from mien.errors import ConfigError
from mien.server.access.addresses import allowed_names, is_local, is_loopback, split_host
from mien.server.settings import ServerSettings


@pytest.mark.parametrize(("host", "local"), [
    ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("[::1]", True), ("localhost", True),
    ("LOCALHOST", True), ("0.0.0.0", False), ("::", False), ("10.0.0.1", False), ("", False),
    ("localhost.evil.org", False), ("127.0.0.1.nip.io", False),
])  # fmt: skip
def test_only_loopback_is_this_machine(host: str, local: bool) -> None:
    assert is_loopback(host) is local


def test_a_further_name_means_that_others_come() -> None:
    assert is_local(ServerSettings())
    assert is_local(ServerSettings(hosts=("localhost",)))
    assert not is_local(ServerSettings(hosts=("mien.example.org",)))


@pytest.mark.parametrize(("header", "name"), [
    ("127.0.0.1:8000", "127.0.0.1"), ("LocalHost", "localhost"), ("[::1]:80", "[::1]"),
    ("a b", None), ("", None), ("a:b", None), ("a@b", None), ("127.0.0.1:8000:1", None),
    ("[::1", None), ("a/b", None), ("x" * 254, None), ("127.0.0.1\n", None),
])  # fmt: skip
def test_host_headers(header: str, name: str | None) -> None:
    assert split_host(header) == name


def test_names_by_which_the_server_is_reached() -> None:
    assert "mien.example.org" in allowed_names(ServerSettings(hosts=("Mien.example.ORG",)))
    assert "[2001:db8::1]" in allowed_names(ServerSettings(hosts=("2001:db8::1",)))
    assert socket.gethostname().lower() not in allowed_names(ServerSettings()) - {"localhost"}
    assert socket.gethostname().lower() in allowed_names(ServerSettings(host="0.0.0.0"))
    for wrong in ("https://a", "a:80", "a b", "", "*"):
        with pytest.raises(ConfigError, match="without https"):
            allowed_names(ServerSettings(hosts=(wrong,)))
