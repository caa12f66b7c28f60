"""``mien log export``: what the log holds of a person."""

from __future__ import annotations

import sys

import click

from mien.cli.log.support import of_log, open_
from mien.cli.support.printing import counted, say
from mien.errors import ConfigError


@click.command()
@of_log
@click.argument("pseudonym")
@click.option(
    "--output", "-o", metavar="FILE",
    help="Write rows to FILE (.csv, .jsonl, .parquet), not to standard output.",
)  # fmt: skip
@click.option(
    "--what", multiple=True, metavar="KIND",
    help="observations, hours, readings, sessions, gaps, consents, alerts, messages or audit; can "
    "be repeated for JSON Lines (default: all there, observations in tables).",
)  # fmt: skip
@click.option(
    "--pictures",
    metavar="FOLDER",
    help="Save the pictures that were kept into a new FOLDER.",
)
@click.pass_context
def export(
    context: click.Context, target: str, key_file: str | None, pseudonym: str, output: str | None,
    what: tuple[str, ...], pictures: str | None,
) -> None:  # fmt: skip
    """Write what the log holds of a person.

    As JSON Lines, CSV or Parquet.
    """
    from mien.cli.support.inputs import check_outputs

    check_outputs(context, ("output", "pictures"))
    if pictures is not None and (output is not None or what):
        raise ConfigError("--pictures stands alone: leave out --output and --what")
    with open_(target, key_file) as log:
        from mien.log.exporting import export, export_pictures, form_of

        if pictures is not None:
            count = export_pictures(log, pseudonym, pictures)
            say(f"{counted(count, 'file')} in {pictures}", err=True)
            return
        form = "jsonl" if output is None else form_of(output)
        count = export(log, pseudonym, sys.stdout if output is None else output, form, what)
    where = "" if output is None else f" in {output}"
    say(f"{counted(count, 'row')}{where}", err=True)
