"""``mien log info``: what a log holds."""

from __future__ import annotations

import click

from mien.cli.log.support import of_log, open_
from mien.cli.support.printing import say_json


@click.command()
@of_log
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def info(target: str, key_file: str | None, as_json: bool) -> None:
    """Show what a log holds, and for how long it is kept.

    No person is named.
    """
    with open_(target, key_file) as log:
        from mien.log.summary import summarise

        facts = summarise(log)
    if as_json:
        say_json(facts)
        return
    from mien.cli.support.console import facts_table, out

    out().print(facts_table((name.replace("_", " "), str(v)) for name, v in facts.items()))
