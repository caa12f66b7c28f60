"""``mien data``: inspect, label, draw and pack data sets before training or measuring on them."""

from __future__ import annotations

import click

from mien.cli.data.info import info
from mien.cli.data.label import label
from mien.cli.data.pack import pack
from mien.cli.data.plot import plot


@click.group()
def command() -> None:
    """Inspect, label, draw and pack data sets."""


for subcommand in (info, label, pack, plot):
    command.add_command(subcommand)
