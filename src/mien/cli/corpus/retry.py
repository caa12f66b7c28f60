"""``mien corpus retry``: inputs with errors, once more."""

from __future__ import annotations

from typing import Any

import click

from mien.cli.corpus.support import FOLDER, crew_of, crew_options, reporting
from mien.cli.support.printing import counted, say


@click.command()
@FOLDER
@crew_options
@click.pass_context
def retry(
    context: click.Context, /, folder: str, metrics: str | None, quiet: bool, **crew: Any
) -> int:
    """Analyse the inputs of DIR that failed again.

    Their rows change, all others stay. Files that have changed since they were listed fail again:
    'mien corpus run … --update' is for those.
    Exit status: 0 none fails any more, 1 some do, 2 usage.
    """
    from mien.cli.support.inputs import check_outputs
    from mien.scale.running import retry as retry_failed

    check_outputs(context, ("metrics",))
    with reporting(quiet, metrics) as progress:
        done = retry_failed(folder, crew_of(**crew), progress)
    if not quiet:
        say(f"{counted(done.analysed, 'input')} analysed again, {done.failed:,} failed", err=True)
    return 1 if done.failed else 0
