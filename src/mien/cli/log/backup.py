"""``mien log backup``: a copy of a log in use."""

from __future__ import annotations

import click

from mien.cli.log.support import of_log, open_
from mien.cli.support.printing import say


@click.command()
@of_log
@click.argument("output", metavar="FILE")
@click.pass_context
def backup(context: click.Context, target: str, key_file: str | None, output: str) -> None:
    """Copy the log to FILE, also while it is being written."""
    from mien.cli.support.inputs import check_outputs

    check_outputs(context, ("output",))
    with open_(target, key_file) as log:
        from mien.log.backup import back_up
        from mien.log.opening import read_key

        size = back_up(log, output, read_key(key_file))
    say(f"{output}: {size:,} bytes; erasing a person from the log does not reach it")
