"""``mien alerts check`` and ``send-test``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mien.cli.alerts.support import RULES, ZONE, utc_now, zone_of
from mien.cli.log.support import of_log, open_, require
from mien.cli.support.printing import complain, say

if TYPE_CHECKING:
    from mien.monitor.alerts.deliver import Delivered


@click.command()
@of_log
@RULES
@ZONE
@click.option("--no-send", is_flag=True, help="Judge and store; the next check sends.")
def check(
    target: str, key_file: str | None, path: str | None, timezone: str | None, no_send: bool
) -> int:
    """Judge the complete days of all persons, and send what is due.

    Only persons whose consent is in force are judged. Run it every hour, say: no day is judged
    twice, and nothing that went is sent again. Exit status: 0 all went, 1 a target failed (it is
    tried again), 2 usage.
    """
    with open_(target, key_file) as log:
        from mien.monitor.alerts import checking
        from mien.monitor.alerts.deliver import deliver
        from mien.monitor.rules.reading import DEFAULTS, load_rules

        rules, where, now = load_rules(path or DEFAULTS), zone_of(timezone), utc_now()
        done = checking.check(log, rules, now, where)
        for alert in done.changed:
            about = alert.person or "the installation"
            say(
                f"{alert.state}: {about}, {alert.rule}: {alert.detail}".removesuffix(": "), err=True
            )
        for held in done.held:
            say(f"waits: {held.alert.person}, {held.alert.rule}: {held.why}", err=True)
        for note in done.notes:
            complain(note)
        for name in done.left_out:
            say(f"not checked: {name}, which needs a process that stays", err=True)
        sent = [] if no_send else deliver(log, rules.targets, now, say)
    persons = f"{done.persons} person{'s' * (done.persons != 1)}"
    went = sum(not one.problem for one in sent)
    say(f"{persons} checked; {went} sent, {len(sent) - went} failed", err=True)
    return _problems(sent)


@click.command(name="send-test")
@RULES
def send_test(path: str | None) -> int:
    """Send a test message to each target.

    Exit status: 0 all went, 1 one failed, 2 usage.
    """
    require()
    from mien.monitor.alerts import deliver
    from mien.monitor.rules.reading import DEFAULTS, load_rules

    targets = load_rules(path or DEFAULTS).targets
    sent = deliver.send_test(targets, utc_now(), say)
    for one in sent:
        if not one.problem:
            say(f"sent to {one.target}", err=True)
    return _problems(sent)


def _problems(sent: list[Delivered]) -> int:
    for one in sent:
        if one.problem:
            complain(one.problem)
    return int(any(one.problem for one in sent))
