"""``mien corpus run``: analyses a corpus, or goes on with it."""

from __future__ import annotations

from typing import Any

import click

from mien.cli.corpus.support import crew_of, crew_options, reporting
from mien.cli.support.detection import corpus_options
from mien.cli.support.numbers import COUNT, Finite
from mien.cli.support.printing import complain, counted, say


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE…")
@click.option("--out", required=True, metavar="DIR", help="Folder of the results.")
@crew_options
@click.option(
    "--shard-size", type=click.IntRange(1, 1_000_000), default=500, show_default=True,
    metavar="N", help="Pictures in a file of results, which a kill may cost.",
)  # fmt: skip
@corpus_options
@click.option("--every", type=COUNT, metavar="N", help="Analyse every N-th frame of videos.")
@click.option(
    "--fps", type=Finite(min=0, min_open=True), metavar="F",
    help="Analyse at most F frames a second of videos.",
)  # fmt: skip
@click.option("--crops", is_flag=True, help="Keep each face, in a tar a shard.")
@click.option("--dedupe", is_flag=True, help="Analyse inputs with the same bytes once.")
@click.option("--update", is_flag=True, help="Analyse what has changed or is new in the sources.")
@click.pass_context
def run(
    context: click.Context,
    /,
    sources: tuple[str, ...],
    out: str,
    engine: str,
    workers: int | None,
    ray_address: str | None,
    memory: int,
    timeout: float,
    metrics: str | None,
    quiet: bool,
    update: bool,
    **settings: Any,
) -> int:
    """Find faces in many pictures and videos, and name expressions.

    SOURCE is a folder, with its subfolders; a quoted glob; a zip or tar of pictures; a table (.csv,
    .parquet) or list (.txt) of paths; - for a list on standard input; or an address such as
    s3://bucket/folder. Results are Parquet files in DIR. Stopped or killed, the same command goes
    on where it was, and the files are the same.
    Exit status: 0 all read and written, 1 some failed, 2 usage, or another job's DIR.
    """
    from mien.cli.support.inputs import check_outputs
    from mien.scale import run as run_corpus

    check_outputs(context, ("out", "metrics"))
    crew = crew_of(engine, workers, ray_address, memory, timeout)
    failures = 0

    def fail(error: Exception) -> None:
        nonlocal failures
        failures += 1
        complain(error)

    with reporting(quiet, metrics) as progress:
        done = run_corpus(
            sources, out, crew.engine, workers=workers, memory=crew.limits.memory,
            seconds=crew.limits.seconds, ray_address=ray_address, update=update,
            on_progress=progress, on_error=fail,
            on_note=lambda note: None if quiet else complain(note),
            **settings,
        )  # fmt: skip
    if not quiet:
        say(
            f"{counted(done.inputs, 'input')}, {counted(done.faces, 'face')}, {done.failed:,} "
            f"failed; {done.analysed:,} analysed now, in {done.seconds:,.1f} s; results in {out}",
            err=True,
        )
    return 1 if done.failed or failures else 0
