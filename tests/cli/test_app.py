"""What every command shares: the help, and one line for every error."""

from __future__ import annotations

import click
import pytest

from mien.cli.app import COMMANDS, cli
from tests.support.commands import mien

Output = pytest.CaptureFixture[str]


@pytest.mark.parametrize("group", ["", "alerts", "corpus", "data", "log", "models", "monitor"])
def test_summaries_are_whole_in_80_columns(group: str, capsys: Output) -> None:
    assert mien(*group.split(), "--help") == 0
    lines = capsys.readouterr().out.splitlines()
    listed = dict(line.split(maxsplit=1) for line in lines[lines.index("Commands:") + 1 :])
    assert all(len(line) <= 80 for line in lines)
    if group in ("alerts", "log", "monitor"):
        pytest.importorskip("sqlalchemy", reason="needs the 'log' extra")
    command = cli.get_command(click.Context(cli), group) if group else cli
    assert isinstance(command, click.Group)
    context = click.Context(command)
    assert list(listed) == command.list_commands(context)
    for name, summary in listed.items():
        made = command.get_command(context, name)
        assert made is not None and made.help is not None
        assert summary == made.help.partition("\n")[0] and summary.endswith(".")


def test_an_unknown_command_is_answered_with_the_nearest(capsys: Output) -> None:
    assert mien("analyse") == 2
    assert "unknown command 'analyse': did you mean 'analyze'?" in capsys.readouterr().err
    assert mien("zzz") == 2
    assert f"unknown command 'zzz': commands: {', '.join(COMMANDS)}" in capsys.readouterr().err
