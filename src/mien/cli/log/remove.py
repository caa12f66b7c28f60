"""``mien log remove``: removes one recording."""

from __future__ import annotations

import click

from mien.cli.log.support import of_log, open_
from mien.cli.support.printing import complain, say


@click.command()
@of_log
@click.argument("session", type=click.IntRange(1))
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(target: str, key_file: str | None, session: int, yes: bool) -> int:
    """Remove a recording that is wrong, with its pictures.

    SESSION is a number of 'mien log sessions', such as one with a wrong --start or --person. Day
    values follow, and the file is rewritten. Alerts stay: resolve those that it raised.
    """
    with open_(target, key_file) as log:
        from mien.log.session_rows import find_session, remove_session

        with log.read() as connection:
            found = find_session(connection, session)
        if not yes and not click.confirm(f"Remove session {session}, of {found.source}?", err=True):
            complain("nothing was removed")
            return 1
        removed = remove_session(log, session)
    rows = ", ".join(f"{table} {count:,}" for table, count in removed.items() if count)
    say(f"session {session} is removed: {rows}; the file was rewritten")
    return 0
