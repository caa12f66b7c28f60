"""``mien data``: inspect, crop, label, draw and pack data sets before training on them."""

from __future__ import annotations

import click

from mien.cli.data.crop import crop
from mien.cli.data.info import info
from mien.cli.data.label import label
from mien.cli.data.pack import pack
from mien.cli.data.plot import plot


@click.group()
def command() -> None:
    """Inspect, crop, label, draw and pack data sets."""


for subcommand in (crop, info, label, pack, plot):
    command.add_command(subcommand)
