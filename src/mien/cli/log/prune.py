"""``mien log prune``: removes what is older than it is kept."""

from __future__ import annotations

import click

from mien.cli.log.support import KEEP, keep_days, of_log, open_
from mien.cli.support.printing import say


@click.command()
@of_log
@KEEP
@click.option("--rewrite", is_flag=True, help="Rewrite the file, so that it becomes smaller.")
def prune(target: str, key_file: str | None, keep: tuple[str, ...], rewrite: bool) -> None:
    """Remove what is older than it is kept.

    Every recording does that too. --keep changes for how long data are kept.
    """
    days = keep_days(keep)
    with open_(target, key_file) as log:
        from mien.log import erasing, retention

        if days:
            retention.set_days(log, days)
        removed = retention.prune(log)
        if rewrite:
            erasing.rewrite(log)
    say("removed rows: " + ", ".join(f"{kind} {count:,}" for kind, count in removed.items()))
