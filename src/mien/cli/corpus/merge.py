"""``mien corpus merge``: all shards as one data set."""

from __future__ import annotations

from pathlib import Path

import click

from mien.cli.corpus.support import FOLDER
from mien.cli.support.inputs import check_outputs
from mien.cli.support.printing import counted, say


@click.command()
@FOLDER
@click.option("--out", required=True, metavar="DIR", help="A new folder.")
@click.option(
    "--by", multiple=True, default=["expression"], show_default=True, metavar="COLUMN",
    help="A column whose values become folders; can be repeated. '' for none.",
)  # fmt: skip
@click.option("--partial", is_flag=True, help="Merge what is done of an unfinished job.")
@click.pass_context
def merge(
    context: click.Context, /, folder: str, out: str, by: tuple[str, ...], partial: bool
) -> None:
    """Write the faces of DIR as one partitioned Parquet data set.

    pandas, Polars, DuckDB and Spark read the folder as one table.
    """
    from mien.scale.merging import merge as merge_shards

    check_outputs(context, ("out",))
    count = merge_shards(Path(folder), Path(out), by=[each for each in by if each], partial=partial)
    say(f"{counted(count, 'face')} in {out}", err=True)
