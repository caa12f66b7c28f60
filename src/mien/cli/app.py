"""The command line: a lazy group of commands, and one handler for all errors."""

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
    """Imports ``command`` from ``mien.cli.<name>`` when the command ``name`` is used."""

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
        """As click does; for an unknown name the error suggests the nearest."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            hint = did_you_mean(args[0], COMMANDS, "commands")
            raise click.UsageError(f"unknown command {args[0]!r}: {hint}", ctx)
        return super().resolve_command(ctx, args)


def _print_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from mien.version import __version__  # slow: reads the metadata of installed packages

        click.echo(f"mien, version {__version__}")
        context.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version,
    help="Show the version and exit.",
)  # fmt: skip
def cli() -> None:
    """Find faces in pictures, name their expressions, and train and measure models."""


def main(args: list[str] | None = None) -> None:
    """Entry point of ``mien``. Exit status: 0 success, 1 failure, 2 usage, 130 stopped."""
    _open_streams()
    try:
        code: Any = cli.main(args=args, prog_name="mien", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:  # `mien` without arguments prints the help
        click.echo(error.format_message())
        code = 0
    except click.ClickException as error:
        context = error.ctx if isinstance(error, click.UsageError) else None
        where = f" (see '{context.command_path} --help')" if context else ""
        code = _fail(f"{error.format_message()}{where}", 2)
    except (click.Abort, KeyboardInterrupt):
        code = _fail("stopped", 130)
    except (ConfigError, UnknownNameError) as error:
        code = _fail(error, 2)
    except (MienError, OSError, MemoryError) as error:
        if isinstance(error.__cause__ or error, BrokenPipeError):  # such as `mien … | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = 0
        elif isinstance(error, MemoryError):
            code = _fail("out of memory: try smaller pictures, or fewer at a time", 1)
        else:
            code = _fail(getattr(error, "strerror", None) or error, 1)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(what: object, code: int) -> int:
    """Print one line on standard error, even if a file's name contains line breaks."""
    click.echo(f"mien: {' '.join(str(what).split())}", err=True)
    return code


def _open_streams() -> None:
    """Replace closed streams with empty ones; escape characters that a stream cannot encode."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115 - open until the end
        elif mode == "w" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
