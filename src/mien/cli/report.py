"""``mien report``: one page about a person and a time, for family or clinician."""

from __future__ import annotations

from datetime import date

import click

from mien.cli.alerts.support import ZONE, utc_now, zone_of
from mien.cli.log.support import of_log, open_
from mien.cli.support.days import day_of
from mien.cli.support.printing import say


def _week_of(context: click.Context, parameter: click.Parameter, text: str | None) -> date | None:
    return None if text == "" else day_of(context, parameter, text)


@click.command()
@of_log
@click.argument("pseudonym")
@click.option(
    "--week", metavar="[DAY]", is_flag=False, flag_value="", callback=_week_of,
    help="The week, Monday to Sunday, in which DAY lies (default: the last one that is over).",
)  # fmt: skip
@click.option("--from", "first", metavar="DAY", callback=day_of, help="First day, 2026-03-01.")
@click.option("--to", "last", metavar="DAY", callback=day_of, help="Last day (default: yesterday).")
@click.option("--rules", "path", metavar="FILE", help="Rules in TOML (default: those of Mien).")
@ZONE
@click.option("--out", required=True, metavar="FILE", help="Write the page into FILE (.html).")
@click.pass_context
def command(
    context: click.Context, target: str, key_file: str | None, pseudonym: str, week: date | None,
    first: date | None, last: date | None, path: str | None, timezone: str | None, out: str,
) -> None:  # fmt: skip
    """Write a page about a person's days, for family or clinician.

    In plain words: what was seen, what changed against this person's own earlier weeks, how sure
    that is, and what cannot be said. It can be printed, and has no pictures. It is
    personal data: the log's audit trail notes it as an export.
    """
    from mien.cli.support.command_line import as_typed
    from mien.cli.support.inputs import check_outputs
    from mien.reports.page import check_report_path

    check_outputs(context, ("out",))
    check_report_path(out)
    with open_(target, key_file) as log:
        from mien.monitor.local_time import local_day
        from mien.monitor.report.page import known_of, write_person_report
        from mien.monitor.report.period import period
        from mien.monitor.rules.reading import DEFAULTS, load_rules

        rules, where, now = load_rules(path or DEFAULTS), zone_of(timezone), utc_now()
        about = period(local_day(now, where), week, first, last)
        known = known_of(log, pseudonym, rules, about, where)
    write_person_report(out, known, about, now, where, as_typed(context))
    say(f"{about}: written to {out}", err=True)
