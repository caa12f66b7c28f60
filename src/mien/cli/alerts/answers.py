"""``mien alerts list``, ``ack``, ``resolve`` and ``feedback``."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mien.cli.alerts.support import utc_now
from mien.cli.log.support import of_log, open_
from mien.cli.support.printing import say, say_json

if TYPE_CHECKING:
    from mien.monitor.alerts.alert_rows import Stored

F = TypeVar("F", bound=Callable[..., Any])


def _user() -> str | None:
    with suppress(OSError, KeyError, ImportError):  # a number without a name, as in containers
        return getpass.getuser()
    return None


def _answers(function: F) -> F:
    """Add the alert's number and ``--by``."""
    by = click.option(
        "--by", "who", metavar="WHO", default=_user, required=True,
        help="Who answers (default: the user of this machine).",
    )  # fmt: skip
    number = click.argument("number", type=click.IntRange(1, 2**31 - 1))
    return number(by(function))


NOTE = click.option("--note", default="", metavar="TEXT", help="Kept with the alert.")


@click.command(name="list")
@of_log
@click.option("--all", "everything", is_flag=True, help="Also those that are resolved.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines.")
def list_(target: str, key_file: str | None, everything: bool, as_json: bool) -> None:
    """List alerts, and of each rule how many were useful.

    The audit trail notes it.
    """
    with open_(target, key_file) as log:
        from mien.monitor.alerts.answers import list_alerts, notes_of, row_of
        from mien.monitor.trends import NOBODY_RECOGNISED

        found, precision = list_alerts(log, everything=everything)
    rows = [row_of(one) for one in found]
    if as_json:
        for row in rows:
            say_json(row)
        return
    from mien.cli.support.console import Table, out

    if not rows:
        say("there are no alerts" if everything else "no alert is open; --all lists resolved ones")
        say(*map(str, precision))
        return
    columns = ("number", "person", "rule", "state", "since", "what was seen", "useful")
    notes = ["\n".join(notes_of(one)) for one in found]
    table = Table(*columns, *(["notes"] if any(notes) else []))
    for row, said in zip(rows, notes, strict=True):
        useful = {None: "–", True: "yes", False: "no"}[row["useful"]]
        cells = (row[name] for name in ("rule", "state", "since", "detail"))
        last = [said] if any(notes) else []
        table.add_row(str(row["number"]), row["person"] or "–", *cells, useful, *last)
    out().print(table)
    say(*map(str, precision), NOBODY_RECOGNISED)


@click.command()
@of_log
@_answers
@NOTE
def ack(target: str, key_file: str | None, number: int, who: str, note: str) -> None:
    """Say that you have seen an alert: it is not escalated any more."""
    with open_(target, key_file) as log:
        from mien.monitor.alerts.answers import acknowledge

        _say(acknowledge(log, number, who, utc_now(), note))


@click.command()
@of_log
@_answers
@click.option("--why", default="", metavar="TEXT", help="Kept with the alert.")
def resolve(target: str, key_file: str | None, number: int, who: str, why: str) -> None:
    """Close an alert.

    It does not come back while the same condition lasts.
    """
    with open_(target, key_file) as log:
        from mien.monitor.alerts.answers import resolve as close

        _say(close(log, number, who, why, utc_now()))


@click.command()
@of_log
@_answers
@click.argument("answer", type=click.Choice(["useful", "not-useful"]))
@NOTE
def feedback(
    target: str, key_file: str | None, number: int, answer: str, who: str, note: str
) -> None:
    """Say whether an alert was useful.

    'mien alerts list' shows it by rule.
    """
    with open_(target, key_file) as log:
        from mien.monitor.alerts.answers import give_feedback

        _say(give_feedback(log, number, answer == "useful", who, utc_now(), note))


def _say(stored: Stored) -> None:
    alert = stored.alert
    useful = {None: "", True: ", useful", False: ", not useful"}[stored.useful]
    about = alert.person or "the installation"
    say(f"alert {stored.id}, {about}, {alert.rule}: {alert.state}{useful}")
