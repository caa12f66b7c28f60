"""``mien alerts``: warnings about lasting changes, and what people do with them."""

from __future__ import annotations

import click

from mien.cli.alerts.answers import ack, feedback, list_, resolve
from mien.cli.alerts.backtest import backtest
from mien.cli.alerts.check import check, send_test


@click.group()
def command() -> None:
    """Check the rules, send what they find, and answer it."""


for subcommand in (ack, backtest, check, feedback, list_, resolve, send_test):
    command.add_command(subcommand)
