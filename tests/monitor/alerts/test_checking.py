"""Checks of a log, day by day: which alerts there are, and which messages are due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

pytest.importorskip("sqlalchemy", reason="needs the 'log' extra")
pytest.importorskip("alembic", reason="needs the 'log' extra")

from mien.errors import ConfigError, InputError
from mien.log import audit
from mien.log.database import Log
from mien.log.persons import withdraw_consent
from mien.log.retention import prune
from mien.monitor.alerts.alert_rows import Stored, judged, listed
from mien.monitor.alerts.answers import acknowledge, give_feedback, list_alerts, resolve
from mien.monitor.alerts.checking import Checked, check
from mien.monitor.alerts.deliver import deliver
from mien.monitor.alerts.replay import replay
from mien.monitor.alerts.state import State
from mien.monitor.rules.checking import Installation
from mien.monitor.rules.reading import read_rules
from tests.log.conftest import made_database, server_log  # noqa: F401 - fixtures
from tests.monitor.alerts.conftest import CHANGED, DAYS, after_day
from tests.support.log_days import FIRST, add_days, shares

RULE = "[[rule]]\nname = 'smiles'\nkind = 'ewma'\nmeasure = 'smiling'\n"
RULES = read_rules(RULE, "test")


def alerts(log: Log) -> list[Stored]:
    with log.read() as connection:
        return listed(connection, everything=True)


def run(log: Log, at: datetime, rules: object = RULES, **more: object) -> tuple[Checked, list[str]]:
    lines: list[str] = []
    done = check(log, rules, at, UTC, **more)  # type: ignore[arg-type]
    deliver(log, rules.targets, at, lines.append)  # type: ignore[attr-defined]
    return done, lines


def test_each_day_is_judged_once_and_a_change_is_said_once(log: Log) -> None:
    lines: list[str] = []
    for day in range(CHANGED - 2, DAYS):
        for hour in (0, 10, 15):
            lines += run(log, after_day(day, hour))[1]
    (line,) = lines
    assert "anna: smiles: smiled 3 % of the time, usually 15 %" in line
    (one,) = alerts(log)
    assert one.alert.state is State.OPEN and len(one.alert.sent) == 1
    expected = replay(log, RULES, UTC, after_day(DAYS - 1))
    assert [a.rule for a in expected.alerts] == ["smiles"]
    # Found at the midnight after the day that the backtest judges in the morning.
    assert expected.alerts[0].since - one.alert.since == timedelta(hours=9)


def test_days_that_no_check_saw_are_caught_up(log: Log) -> None:
    run(log, after_day(CHANGED - 2))
    assert alerts(log) == []
    done, lines = run(log, after_day(DAYS - 1))
    (one,) = alerts(log)
    assert len(lines) == 1 and [a.state for a in done.changed] == [State.OPEN]
    assert one.alert.since < after_day(DAYS - 4)  # the day it began, not that of the check


def test_the_first_check_does_not_warn_about_long_ago(log: Log) -> None:
    smiling_again = read_rules(RULE + "accept_after = 14\n", "test")
    add_days(log, "anna", shares(20), first=FIRST + timedelta(DAYS))
    assert run(log, after_day(DAYS + 19), smiling_again)[1] == []


def test_an_incomplete_day_is_not_judged(log: Log) -> None:
    run(log, after_day(CHANGED))
    with log.read() as connection:
        first = set(judged(connection).values())
    run(log, after_day(CHANGED, 23))
    with log.read() as connection:
        assert set(judged(connection).values()) == first and len(first) == 1


def test_quiet_hours_hold_back_and_say_so(log: Log) -> None:
    run(log, after_day(CHANGED - 2))
    done, lines = run(log, after_day(DAYS - 1, 5))
    assert lines == [] and "quiet hours" in done.held[0].why
    assert len(run(log, after_day(DAYS - 1, 9))[1]) == 1


def test_answers(log: Log) -> None:
    run(log, after_day(CHANGED - 2))
    now = after_day(DAYS - 1)
    run(log, now)
    assert acknowledge(log, 1, "Eva", now).alert.state is State.ACKNOWLEDGED
    assert give_feedback(log, 1, False, "Eva", now).useful is False
    found = resolve(log, 1, "Eva", "visitors", now).alert
    assert found.state is State.RESOLVED and found.history[-1].who == "Eva"
    assert found.history[-1].why == "visitors"
    shown, precision = list_alerts(log)
    assert shown == [] and str(precision[0]) == "smiles: 0 of 1 alerts were useful"
    with log.read() as connection:
        actions = [entry.action for entry in audit.entries(connection)]
        assert audit.broken(connection) is None
    assert actions[-5:] == ["send", "acknowledge", "feedback", "resolve", "read"]
    for answer in (acknowledge, lambda *a: resolve(a[0], a[1], a[2], "", a[3])):
        with pytest.raises(InputError, match="it is resolved"):
            answer(log, 1, "Eva", now)
    with pytest.raises(InputError, match="there is no alert 9"):
        acknowledge(log, 9, "Eva", now)
    with pytest.raises(ConfigError, match="needs a name"):
        acknowledge(log, 1, "\x1b", now)
    run(log, after_day(DAYS - 1, 20))
    assert len(alerts(log)) == 1  # closed by hand: it does not come back


def test_only_consenting_persons_are_judged(log: Log) -> None:
    assert run(log, after_day(CHANGED - 2))[0].persons == 2
    withdraw_consent(log, "anna")
    done, lines = run(log, after_day(DAYS - 1))
    assert done.persons == 1 and lines == [] and alerts(log) == []


def test_the_installation_and_persons_who_are_not_seen(log: Log) -> None:
    rules = read_rules(
        "[[rule]]\nname='disk'\nkind='technical'\nwhat='disk'\nurgent=true\n"
        "[[rule]]\nname='camera'\nkind='technical'\nwhat='camera'\n"
        "[[rule]]\nname='away'\nkind='unseen'\nhours=2\n", "test",
    )  # fmt: skip
    full = Installation(disk_free=0.01)
    lines = run(log, after_day(5), rules, installation=full)[1]
    assert len(lines) == 1 and "the installation: disk: the disk is nearly full: 1.0%" in lines[0]
    assert run(log, after_day(5, 11), rules, installation=full)[1] == []
    assert run(log, after_day(5), rules)[0].left_out == ("camera",)


@pytest.mark.parametrize("escalate", [0, 4])
def test_what_is_not_acknowledged_is_escalated(log: Log, escalate: int) -> None:
    rules = read_rules(f"{RULE}escalate_h = {escalate}\nescalations = 1\n", "test")
    run(log, after_day(CHANGED - 2), rules)
    sent = [len(run(log, after_day(DAYS - 1, hour), rules)[1]) for hour in (9, 11, 14, 19)]
    assert sent == ([1, 0, 1, 0] if escalate else [1, 0, 0, 0])


def test_the_same_on_a_server(server_log: Log) -> None:  # noqa: F811
    smiling = np.where(np.arange(DAYS) < CHANGED, shares(DAYS), 0.03)
    add_days(server_log, "anna", smiling)
    with server_log.write() as connection:
        connection.exec_driver_sql("UPDATE consents SET given_ms = 0")
    run(server_log, after_day(CHANGED - 2))
    lines = [run(server_log, after_day(DAYS - 1, hour))[1] for hour in (9, 11)]
    assert len(lines[0]) == 1 and lines[1] == []
    assert acknowledge(server_log, 1, "Eva", after_day(DAYS)).alert.sent
    asks_when = read_rules("[[rule]]\nname='away'\nkind='unseen'\nhours=2\n", "test")
    assert run(server_log, after_day(DAYS - 1), asks_when)[1] == []
    prune(server_log, round(after_day(DAYS + 500).timestamp() * 1000))
    assert len(alerts(server_log)) == 1  # not resolved
