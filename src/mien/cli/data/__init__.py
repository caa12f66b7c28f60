"""``mien data``: inspect, draw, pack and crop data sets before training or measuring on them."""

from __future__ import annotations

import click

from mien.cli.data.crop import crop
from mien.cli.data.info import info
from mien.cli.data.pack import pack
from mien.cli.data.plot import plot


@click.group()
def command() -> None:
    """Inspect, draw, pack and crop data sets."""


for subcommand in (crop, info, pack, plot):
    command.add_command(subcommand)
