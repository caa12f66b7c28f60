"""``mien monitor``: what rules over a person's days bring."""

from __future__ import annotations

import click

from mien.cli.monitor.simulate import simulate


@click.group()
def command() -> None:
    """Measure the rules of 'mien alerts' on made-up persons."""


for subcommand in (simulate,):
    command.add_command(subcommand)
