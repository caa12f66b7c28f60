"""``mien monitor``: the process that stays, and what rules over a person's days bring."""

from __future__ import annotations

import click

from mien.cli.monitor.run import run
from mien.cli.monitor.simulate import simulate


@click.group()
def command() -> None:
    """Watch over persons, or measure rules on made-up ones."""


for subcommand in (run, simulate):
    command.add_command(subcommand)
