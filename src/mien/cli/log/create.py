"""``mien log create``: an empty log."""

from __future__ import annotations

import click

from mien.cli.log.support import KEEP, keep_days, log_again, of_log, require
from mien.cli.support.printing import say


@click.command()
@of_log
@click.option(
    "--window", type=click.IntRange(1, 900), default=10, show_default=True, metavar="SECONDS",
    help="Length of an observation; a divisor of 900.",
)  # fmt: skip
@KEEP
def create(target: str, key_file: str | None, window: int, keep: tuple[str, ...]) -> None:
    """Make an empty log.

    It is a file that only you may read, or lies on a PostgreSQL server. With a key in MIEN_LOG_KEY
    or --key-file the file is encrypted.
    """
    require()
    from mien.log.opening import create_log, read_key

    key = read_key(key_file)
    with create_log(target, window_s=window, keep_days=keep_days(keep), key=key) as log:
        how = ", encrypted" if key is not None else ""
        say(f"{log.name}: an empty log{how}; next: mien log person add PSEUDONYM{log_again()}")
