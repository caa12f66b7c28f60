"""``mien corpus report``: one page about a job."""

from __future__ import annotations

from pathlib import Path

import click

from mien.cli.corpus.support import FOLDER
from mien.cli.support.command_line import as_typed
from mien.cli.support.inputs import check_outputs
from mien.cli.support.printing import say


@click.command()
@FOLDER
@click.option("--out", metavar="FILE", help="The page (default: report.html in DIR).")
@click.pass_context
def report(context: click.Context, /, folder: str, out: str | None) -> None:
    """Write a page about DIR.

    It has counts, errors by reason, expressions, sizes and the slowest inputs.
    """
    from mien.scale.reporting import write_corpus_report

    check_outputs(context, ("out",))
    path = Path(folder) / "report.html" if out is None else Path(out)
    write_corpus_report(Path(folder), path, as_typed(context))
    say(f"the report is in {path}", err=True)
