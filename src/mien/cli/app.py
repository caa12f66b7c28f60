"""The command line: a lazy group of commands, and one handler for all errors."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from importlib import import_module

import click

from mien.cli.support.printing import complain, warnings_on_one_line
from mien.cli.support.signals import stop_signals
from mien.errors import ConfigError, MienError, UnknownNameError, did_you_mean

COMMANDS = (
    "alerts", "analyze", "average", "camera", "compare", "compress", "corpus", "data", "doctor",
    "evaluate", "export", "log", "models", "monitor", "report", "serve", "study", "train", "trends",
    "tune", "video",
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
    """Entry point of ``mien``.

    Exit status: 0 success, 1 failure, 2 usage, 128 + N stopped by signal N (130: Ctrl-C). A reader
    that closes the pipe, such as ``mien … | head``, is no failure.
    """
    _open_streams()
    with stop_signals() as stop, warnings_on_one_line():
        try:
            code = _run(sys.argv[1:] if args is None else args)
            sys.stdout.flush()
            stop.over = True
        except SystemExit:
            raise
        except BaseException as error:  # noqa: BLE001 - _status raises what is not expected
            stop.over = True
            # What fails after a signal fails because of it, however a library words it.
            code = _status(KeyboardInterrupt() if stop.number else error)
        _drop_unwritten()
    if code == 130 and stop.number:
        code = 128 + stop.number
    sys.exit(code if isinstance(code, int) else 0)


def _run(args: list[str]) -> object:
    """What the command returns: its exit status, or anything else for success."""
    if "_MIEN_COMPLETE" in os.environ:  # a shell asks for completions
        return cli.main(args=args, prog_name="mien", standalone_mode=False)
    try:  # not through Click's own main: it prints an empty line and exits on a closed pipe
        with cli.make_context("mien", args) as context:
            return cli.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code


def _status(error: BaseException) -> int:
    """Report ``error`` on one line and return the exit status; raise what is not expected."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):  # `mien` alone prints the help
        click.echo(error.format_message())
        return 0
    if isinstance(error, click.ClickException):
        context = error.ctx if isinstance(error, click.UsageError) else None
        where = f" (see '{context.command_path} --help')" if context else ""
        return _fail(f"{error.format_message()}{where}", 2)
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return _fail("stopped", 130)
    if isinstance(error, BrokenPipeError) or isinstance(error.__cause__, BrokenPipeError):
        return 0
    if isinstance(error, ConfigError | UnknownNameError):
        return _fail(error, 2)
    if isinstance(error, MemoryError):
        return _fail("out of memory: try smaller pictures, or fewer at a time", 1)
    if isinstance(error, OSError) and not isinstance(error, MienError):
        return _fail(error.strerror or error, 1)
    if isinstance(error, MienError):
        return _fail(error, 1)
    raise error


def _fail(what: object, code: int) -> int:
    with suppress(OSError):  # standard error is closed too
        complain(what)
    return code


def _drop_unwritten() -> None:
    """Empty the buffers of streams that fail: Python would report them again when it ends."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _open_streams() -> None:
    """Replace closed streams with empty ones; escape characters that a stream cannot encode."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115 - open until the end
        elif mode == "w" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
