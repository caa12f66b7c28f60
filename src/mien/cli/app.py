"""The command line: a lazy group (one thin file a command) and one handler for every error."""

from __future__ import annotations

import io
import os
import sys
from importlib import import_module
from typing import Any

import click

from mien.errors import ConfigError, MienError, UnknownNameError, did_you_mean

COMMANDS = (
    "analyze", "compare", "data", "doctor", "evaluate", "export", "models", "study", "train",
    "tune",
)  # fmt: skip


class LazyGroup(click.Group):
    """Imports a command's module when it is asked for: ``mien.cli.<name>`` holds ``command``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command name, sorted."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, or ``None`` for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"mien.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the nearest name offered for an unknown one."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            hint = did_you_mean(args[0], COMMANDS, "commands")
            raise click.UsageError(f"unknown command {args[0]!r}: {hint}", ctx)
        return super().resolve_command(ctx, args)


def _print_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from mien.version import __version__  # asks the installed packages, which takes a while

        click.echo(f"mien, version {__version__}")
        context.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version,
    help="Show the version and exit.",
)  # fmt: skip
def cli() -> None:
    """Mien reads facial expressions: find faces, name what they show, train and measure models."""


def main(args: list[str] | None = None) -> None:
    """Entry point of ``mien``: exit status 0 all well, 1 something failed, 2 usage."""
    _open_streams()
    try:
        code: Any = cli.main(args=args, prog_name="mien", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:  # bare `mien`: the help is the answer
        click.echo(error.format_message())
        code = 0
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        where = f" (see '{context.command_path} --help')" if context else ""
        code = _failed(f"{error.format_message()}{where}", 2)
    except (click.Abort, KeyboardInterrupt):
        code = _failed("stopped", 130)
    except (ConfigError, UnknownNameError) as error:
        code = _failed(error, 2)
    except (MienError, OSError, MemoryError) as error:
        if isinstance(error.__cause__ or error, BrokenPipeError):  # `mien … | head` has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = 0
        elif isinstance(error, MemoryError):
            code = _failed("memory does not suffice: try smaller pictures, or fewer at a time", 1)
        else:
            code = _failed(getattr(error, "strerror", None) or error, 1)
    sys.exit(code if isinstance(code, int) else 0)


def _failed(what: object, code: int) -> int:
    """One line on standard error, whatever a file's name holds."""
    click.echo(f"mien: {' '.join(str(what).split())}", err=True)
    return code


def _open_streams() -> None:
    """A stream that the caller has closed becomes an empty one; what cannot be shown is escaped."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115 - lives as long as we
        elif mode == "w" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
