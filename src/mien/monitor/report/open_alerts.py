"""Alerts that were open at some time of a report's days, in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import NamedTuple

from mien.escaping import for_terminal
from mien.monitor.alerts.alert_rows import Stored
from mien.monitor.alerts.state import Change, State
from mien.monitor.report.period import Period
from mien.monitor.report.text import firm


class AlertView(NamedTuple):
    """An alert of the period."""

    number: int
    about: str
    rule: str
    state: str
    seen: str
    steps: list[str]


def alerts_of(
    alerts: Sequence[Stored], about: Period, where: tzinfo | None
) -> list[AlertView]:  # fmt: skip
    """Alerts that were open at some time of the period, the oldest first."""
    begin = datetime.combine(about.first, time(0), where).astimezone(UTC)
    # What the last day showed is found at the midnight that ends it.
    end = datetime.combine(about.last + timedelta(1), time(0), where).astimezone(UTC)
    found = []
    for one in alerts:
        alert, opened = one.alert, one.alert.opened
        closed = [step.at for step in alert.history if step.state is State.RESOLVED]
        if opened is None or alert.since > end or (closed and closed[-1] <= begin):
            continue
        steps = [_step(step, where) for step in alert.history if step.state is not State.PENDING]
        useful = {None: "", True: "useful", False: "not useful"}[one.useful]
        if useful:
            steps.append(f"{useful}, says {for_terminal(one.feedback_by or 'somebody')}")
        found.append(
            AlertView(
                one.id, for_terminal(alert.person or "the installation"), for_terminal(alert.rule),
                alert.state.value, firm(for_terminal(alert.detail)), steps,
            )
        )  # fmt: skip
    return found


def _step(step: Change, where: tzinfo | None) -> str:
    local = step.at.astimezone(where)
    on = f"on {local.day} {local:%b}, {local:%H:%M}"
    if step.who == "mien":  # its words are those of the alert
        return f"{step.state.value} {on}"
    words = f"{step.state.value} by {for_terminal(step.who)} {on}"
    return f"{words}: {for_terminal(step.why)}" if step.why else words
