"""``mien log``: a private record over weeks of what enrolled persons' faces showed."""

from __future__ import annotations

import click

from mien.cli.log.backup import backup
from mien.cli.log.create import create
from mien.cli.log.erase import erase
from mien.cli.log.export import export
from mien.cli.log.import_file import import_file
from mien.cli.log.info import info
from mien.cli.log.person import person
from mien.cli.log.prune import prune
from mien.cli.log.reanalyse import reanalyse
from mien.cli.log.record import record
from mien.cli.log.remove import remove
from mien.cli.log.sessions import sessions
from mien.cli.log.verify import verify


@click.group()
def command() -> None:
    """Keep a private record over weeks, of enrolled persons alone."""


for subcommand in (
    backup, create, erase, export, import_file, info, person, prune, reanalyse, record, remove,
    sessions, verify,
):  # fmt: skip
    command.add_command(subcommand)
