"""``mien monitor``: what rules over a person's days bring."""

from __future__ import annotations

import click

from mien.cli.monitor.run import run
from mien.cli.monitor.simulate import simulate


@click.group()
def command() -> None:
    """Compare persons with their own earlier weeks, and watch over them."""


for subcommand in (run, simulate):
    command.add_command(subcommand)
