from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from mien.monitor.alerts.state import State
from mien.monitor.backtest import backtest
from mien.monitor.days import Days, day_values
from mien.monitor.rules.config import Delivery, Rules
from mien.monitor.rules.reading import load_rules, read_rules
from tests.support.day_logs import FIRST, hours

BERLIN = ZoneInfo("Europe/Berlin")
DAY = date(1970, 1, 1) + timedelta(FIRST)
RULES = read_rules(
    """
    [[rule]]
    name = "smiling"
    kind = "ewma"
    measure = "smiling"
    cooldown_h = 240

    [[rule]]
    name = "anger"
    kind = "ewma"
    measure = "anger"

    [[rule]]
    name = "camera"
    kind = "technical"
    what = "camera"
    """,
    "test",
)


def days(smiling: np.ndarray, anger: np.ndarray | float = 0.1, seed: int = 0) -> Days:
    random = np.random.default_rng(seed)
    count = len(smiling)
    rows = {
        name: np.tile(np.clip(each + random.normal(0, 0.01, count), 0, 1)[:, None], 24)
        for name, each in (("smiling", smiling), ("anger", np.broadcast_to(anger, (count,))))
    }
    return day_values(hours(count, rows))


def steps(*parts: tuple[int, float]) -> np.ndarray:
    return np.concatenate([np.full(count, level) for count, level in parts])


CALM = days(steps((100, 0.15)), seed=1)
CHANGED = days(steps((60, 0.15), (12, 0.05), (28, 0.15)), steps((60, 0.1), (12, 0.2), (28, 0.1)))


def test_nothing_happens_to_somebody_who_does_not_change() -> None:
    found = backtest(RULES, {"eva": CALM}, BERLIN)
    assert not found.messages and not found.alerts
    assert found.says() == "would not have warned in 100 days"
    assert (found.first, found.last) == (DAY, DAY + timedelta(99))
    assert found.left_out == ("camera",)


def test_a_change_is_one_message_of_two_rules() -> None:
    found = backtest(RULES, {"ben": CALM, "eva": CHANGED}, BERLIN)
    assert {alert.rule for alert in found.alerts} == {"smiling", "anger"}
    assert all(a.person == "eva" and a.state is State.RESOLVED for a in found.alerts)
    assert len(found.messages) <= 2
    when, message = found.messages[0]
    local = when.astimezone(BERLIN)
    assert timedelta(60) < local.date() - DAY <= timedelta(66) and local.hour == 9
    assert any(line.startswith("smiling: smiled ") for line in message.lines)
    assert "would have warned" in found.says()


def test_each_alert_is_sent_once() -> None:
    ungrouped = Rules(RULES.rules, replace(RULES.delivery, group=False))
    found = backtest(ungrouped, {"eva": CHANGED}, BERLIN)
    assert len(found.messages) == len(found.alerts) == 2
    assert all(len(alert.sent) == 1 for alert in found.alerts)


def test_rules_about_somebody_else() -> None:
    others = Rules(tuple(replace(rule, persons=("ben",)) for rule in RULES.rules), RULES.delivery)
    assert not backtest(others, {"eva": CHANGED}, BERLIN).messages
    assert backtest(others, {"ben": CHANGED}, BERLIN).messages


def test_a_month_of_a_longer_past() -> None:
    first, last = DAY + timedelta(75), DAY + timedelta(99)
    found = backtest(RULES, {"eva": CHANGED}, BERLIN, first=first, last=last)
    assert found.says() == "would not have warned in 25 days"
    whole = backtest(RULES, {"eva": CHANGED}, BERLIN, first=DAY + timedelta(50))
    assert whole.messages == backtest(RULES, {"eva": CHANGED}, BERLIN).messages
    before = backtest(RULES, {"eva": CHANGED}, BERLIN, last=DAY + timedelta(55))
    assert not before.messages and before.last == DAY + timedelta(55)


def test_a_smaller_limit_warns_more_often() -> None:
    eager = Rules(
        tuple(
            replace(rule, chart=replace(rule.chart, limit=0.6)) if hasattr(rule, "chart") else rule
            for rule in RULES.rules
        ),
        Delivery(),
    )
    assert len(backtest(eager, {"eva": CALM}, BERLIN).messages) >= 2


def test_no_persons_and_no_days() -> None:
    empty = day_values(hours(0, {}))
    for persons in ({}, {"eva": empty}):
        assert not backtest(load_rules(), persons, BERLIN).messages
