"""``mien log sessions``: which recordings there are, by number."""

from __future__ import annotations

import click

from mien.cli.log.support import of_log, open_
from mien.cli.support.printing import say, say_json


@click.command()
@of_log
@click.argument("pseudonym", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def sessions(target: str, key_file: str | None, pseudonym: str | None, as_json: bool) -> None:
    """List the recordings, of one person or of all.

    'remove' and 'reanalyse' take their numbers.
    """
    with open_(target, key_file) as log:
        from mien.log.session_rows import list_sessions

        rows = list_sessions(log, pseudonym)
    if as_json:
        for row in rows:
            say_json(row)
        return
    if not rows:
        say("nothing is recorded")
        return
    from mien.cli.support.console import Table, out

    table = Table(*(name.replace("_", " ") for name in rows[0]))
    for row in rows:
        shown = {**row, "persons": ", ".join(row["persons"]), "end": row["end"] or "–"}
        table.add_row(*map(str, shown.values()))
    out().print(table)
