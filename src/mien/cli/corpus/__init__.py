"""``mien corpus``: millions of pictures and videos, on one machine or on a Ray cluster."""

from __future__ import annotations

import click

from mien.cli.corpus.merge import merge
from mien.cli.corpus.report import report
from mien.cli.corpus.retry import retry
from mien.cli.corpus.run import run
from mien.cli.corpus.status import status
from mien.cli.corpus.verify import verify


@click.group()
def command() -> None:
    """Analyse millions of pictures and videos.

    A run that was stopped goes on where it was.
    """


for subcommand in (merge, report, retry, run, status, verify):
    command.add_command(subcommand)
