"""``mien log verify``: whether a log is whole and its audit trail unchanged."""

from __future__ import annotations

import click

from mien.cli.log.support import of_log, open_
from mien.cli.support.printing import complain, say


@click.command()
@of_log
@click.option(
    "--head", metavar="HASH", help="A hash that this command printed earlier: it must be there."
)
def verify(target: str, key_file: str | None, head: str | None) -> int:
    """Check that the log is whole, and its audit trail unchanged.

    Checks the file, its references and sums, and the chain of the audit trail.
    The hash at the end, noted elsewhere, later shows with --head whether the trail was cut off.
    Exit status: 0 all fits, 1 it does not, 2 usage.
    """
    with open_(target, key_file) as log:
        from mien.log import verifying

        found = verifying.verify(log, head)
    for problem in found.problems:
        complain(problem)
    if not found.problems:
        say("all fits")
    say(f"audit trail: {found.entries:,} entries, the last one {found.head}")
    return 1 if found.problems else 0
