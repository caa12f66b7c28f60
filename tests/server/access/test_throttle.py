from __future__ import annotations

import pytest

pytest.importorskip("fastapi", reason="the extra 'server' is not installed")

from mien.server.access import throttle
from mien.server.access.throttle import BURST, EVERY_S, FORGET_S, FREE, MOST_WAIT_S, Throttle


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_an_address_waits_longer_each_time_and_others_do_not() -> None:
    clock = Clock()
    slowed = Throttle(clock)
    waits = []
    for _ in range(FREE + 12):
        slowed.fail("10.0.0.1")
        waits.append(slowed.wait_s("10.0.0.1"))
        clock.now += waits[-1]
    assert waits[: FREE - 1] == [0] * (FREE - 1)
    assert waits[FREE - 1 : FREE + 2] == [1, 2, 4] and waits[-1] == MOST_WAIT_S
    assert slowed.wait_s("10.0.0.2") == 0
    clock.now += FORGET_S + 1
    slowed.fail("10.0.0.1")
    assert slowed.wait_s("10.0.0.1") == 0


def test_a_right_log_in_ends_the_wait() -> None:
    slowed = Throttle(Clock())
    for _ in range(FREE):
        slowed.fail("10.0.0.1")
    assert slowed.wait_s("10.0.0.1") > 0
    slowed.succeed("10.0.0.1")
    assert slowed.wait_s("10.0.0.1") == 0


def test_many_addresses_together_are_slowed_down() -> None:
    clock = Clock()
    slowed = Throttle(clock)
    for number in range(BURST + 1):
        slowed.fail(f"10.0.{number // 250}.{number % 250}")
    assert slowed.wait_s("192.168.0.1") == pytest.approx(EVERY_S)
    clock.now += 2 * EVERY_S
    assert slowed.wait_s("192.168.0.1") == 0


def test_one_client_has_a_whole_network_of_ipv6() -> None:
    slowed = Throttle(Clock())
    for number in range(FREE):
        slowed.fail(f"2001:db8:1:2::{number}")
    assert slowed.wait_s("2001:db8:1:2:ffff::9") > 0 and slowed.wait_s("2001:db8:1:3::1") == 0
    assert throttle.network_of("::ffff:10.0.0.1") == "10.0.0.1"


def test_addresses_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "MOST_ADDRESSES", 5)
    slowed = Throttle(Clock())
    for number in range(50):
        slowed.fail(f"10.0.0.{number}")
    assert len(slowed._failures) == 5
