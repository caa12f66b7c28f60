"""``mien alerts backtest``: what rules would have sent."""

from __future__ import annotations

from datetime import date
from typing import Any

import click

from mien.cli.alerts.support import RULES, ZONE, utc_now, zone_of
from mien.cli.log.support import of_log, open_
from mien.cli.support.days import day_of
from mien.cli.support.printing import say, say_json


@click.command()
@of_log
@RULES
@ZONE
@click.option("--person", "names", multiple=True, metavar="PERSON", help="Only this; repeatable.")
@click.option("--from", "first", metavar="DAY", callback=day_of, help="First day that counts.")
@click.option("--to", "last", metavar="DAY", callback=day_of, help="Last day.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def backtest(
    target: str, key_file: str | None, path: str | None, timezone: str | None,
    names: tuple[str, ...], first: date | None, last: date | None, as_json: bool,
) -> None:  # fmt: skip
    """Replay rules over the past: what they would have sent.

    Do so before you use them. Nothing is stored or sent; the audit trail notes whose days were
    read.
    """
    with open_(target, key_file) as log:
        from mien.monitor.alerts.replay import replay
        from mien.monitor.rules.reading import DEFAULTS, load_rules

        rules, where = load_rules(path or DEFAULTS), zone_of(timezone)
        found = replay(log, rules, where, utc_now(), names, first, last)
    messages: list[dict[str, Any]] = [
        {
            "time": at.astimezone(where).isoformat(timespec="minutes"), "person": message.person,
            "lines": list(message.lines),
        }
        for at, message in found.messages
    ]  # fmt: skip
    if as_json:
        alerts = [
            {"person": one.person, "rule": one.rule, "since": one.since.isoformat()}
            for one in found.alerts
        ]
        say_json(
            {
                "from": found.first.isoformat(), "to": found.last.isoformat(),
                "messages": messages, "alerts": alerts, "left_out": list(found.left_out),
                "says": found.says(),
            }
        )  # fmt: skip
        return
    for message in messages:
        say(f"{message['time']}  {message['person']}: {'; '.join(message['lines'])}")
    say(found.says())
    if found.left_out:
        say(f"not replayed, as day values do not tell: {', '.join(found.left_out)}")
