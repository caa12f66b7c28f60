"""``mien corpus status``: how far a job is."""

from __future__ import annotations

from pathlib import Path

import click

from mien.cli.corpus.support import FOLDER
from mien.cli.support.printing import say_json


@click.command()
@FOLDER
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(folder: str, as_json: bool) -> None:
    """Show what of DIR is done, failed and left, and how long it takes.

    Another process may be running it.
    """
    from dataclasses import asdict

    from mien.scale.progress import duration
    from mien.scale.status import status_of

    found = status_of(Path(folder))
    if as_json:
        say_json({**asdict(found), "left": found.left, "seconds_left": found.seconds_left})
        return
    from mien.cli.support.console import facts_table, out

    facts = {
        "inputs": f"{found.inputs:,}",
        "done": f"{found.done:,}",
        "failed": f"{found.failed:,}",
        "left": f"{found.left:,}",
        "faces": f"{found.faces:,}",
        "shards": f"{found.shards_done:,} of {found.shards:,}",
        "inputs a second": "" if found.rate is None else f"{found.rate:,.1f}",
        "time to go": "" if found.seconds_left is None else duration(found.seconds_left),
        "running": "yes" if found.running else "no" if found.left else "no: all is done",
    }
    out().print(facts_table((name, value) for name, value in facts.items() if value))
