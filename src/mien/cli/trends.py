"""``mien trends``: a person against their own earlier weeks."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mien.cli.log.support import of_log, open_
from mien.cli.support.days import day_of
from mien.cli.support.printing import say, say_json

if TYPE_CHECKING:
    from mien.monitor.trends import Trends


@click.command()
@of_log
@click.argument("pseudonym")
@click.option("--from", "first", metavar="DAY", callback=day_of, help="First day, 2026-03-01.")
@click.option("--to", "last", metavar="DAY", callback=day_of, help="Last day (default: the last).")
@click.option(
    "--measure", "measures", multiple=True, metavar="NAME",
    help="Such as smiling, expressivity, sadness or coverage; can be repeated (default: smiling "
    "and expressivity in the table, all in the figure and in JSON).",
)  # fmt: skip
@click.option("--rules", "path", metavar="FILE", help="Rules in TOML (default: those of Mien).")
@click.option("--figure", metavar="FILE", help="Draw the trends into FILE (.png, .svg, .pdf).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(
    context: click.Context, target: str, key_file: str | None, pseudonym: str, first: date | None,
    last: date | None, measures: tuple[str, ...], path: str | None, figure: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Show a person's days beside what is usual for this person.

    Without days, the last 8 weeks. Changes are those that a rule found. That somebody
    looked is noted in the log's audit trail.
    """
    from mien.cli.support.inputs import check_outputs

    check_outputs(context, ("figure",))
    if figure is not None:
        from mien.reports.figures.save import check_figure_path

        check_figure_path(figure)
    with open_(target, key_file) as log:
        from mien.log.reading import note_reading
        from mien.monitor.from_log import person_days
        from mien.monitor.measures import measure
        from mien.monitor.rules.reading import DEFAULTS, load_rules
        from mien.monitor.trends import trends_of

        rules = load_rules(path or DEFAULTS)
        for name in measures:
            measure(name)
        note_reading(log, pseudonym, "trends")
        days = person_days(log, pseudonym)
    found = trends_of(pseudonym, days, rules, measures, first=first, last=last)
    if as_json:
        from mien.monitor.trends import as_json as facts

        say_json(facts(found))
    else:
        _print(found, measures)
    if figure is not None:
        from mien.log.private import restrict
        from mien.monitor.trends_figure import draw
        from mien.reports.figures.save import save_figure

        save_figure(draw(found), figure)
        restrict(Path(figure))


def _print(found: Trends, measures: tuple[str, ...]) -> None:
    from mien.cli.support.console import Table, out
    from mien.monitor.trends import IN_WORDS, NOBODY_RECOGNISED

    names = [name for name in measures or IN_WORDS if name in found.measures]
    table = Table("day", "", *names)
    for at, day in enumerate(found.dates(), start=found.shown.start):
        if found.days.reasons[at] is not None:
            table.add_row(str(day), f"no statement: {found.seen(at)}")
            continue
        marks = ("◆ " if found.measures[name].alarm[at] else "" for name in names)
        words = (mark + found.says(at, name) for mark, name in zip(marks, names, strict=True))
        table.add_row(str(day), found.seen(at), *words)
    out().print(table)
    changes = found.changes()
    say(*(f"◆ {line}" for line in changes) if changes else ["no change was found by the rules"])
    say(NOBODY_RECOGNISED)
