from __future__ import annotations

import click
import pytest

from mien.cli.support.command_line import as_typed, refuse
from mien.errors import ConfigError


@click.command("try")
@click.argument("paths", nargs=-1)
@click.option("--flag", is_flag=True)
@click.option("--option", "options", multiple=True)
@click.option("--size", default=3)
@click.pass_context
def command(context: click.Context, **_: object) -> str:
    refuse(context, ("size",), "is not for this")
    return as_typed(context)


def run(*args: str) -> str:
    line: str = command.main(list(args), prog_name="mien try", standalone_mode=False)
    return line


def test_the_line_as_typed() -> None:
    assert run() == "mien try"
    args = ["a b.jpg", "c", "--option", "x=1", "--option", "y=2", "--flag"]
    assert run(*args) == "mien try 'a b.jpg' c --flag --option x=1 --option y=2"


def test_a_parameter_is_refused_if_typed() -> None:
    with pytest.raises(ConfigError, match=r"^--size is not for this: leave it out$"):
        run("--size", "3")
