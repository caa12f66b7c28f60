"""``mien corpus verify``: are the files of a job whole, and the inputs as they were?"""

from __future__ import annotations

from pathlib import Path

import click

from mien.cli.corpus.support import FOLDER
from mien.cli.support.printing import complain, counted, say


@click.command()
@FOLDER
@click.option("--no-inputs", is_flag=True, help="Check the results alone, not the inputs.")
@click.option("--content", is_flag=True, help="Read the inputs too, and compare their hashes.")
def verify(folder: str, no_inputs: bool, content: bool) -> int:
    """Check the files of DIR, and its inputs.

    Files are compared with the manifest, inputs with their sizes and times.

    Exit status: 0 all is right, 1 something is not, 2 usage.
    """
    from mien.errors import ConfigError
    from mien.scale.verifying import verify as problems_of

    if no_inputs and content:
        raise ConfigError("--content reads the inputs: leave out --no-inputs")
    count = 0
    for problem in problems_of(Path(folder), inputs=not no_inputs, content=content):
        count += 1
        complain(problem.text)
    say(f"{counted(count, 'problem')} in {folder}" if count else f"{folder} is complete", err=True)
    return 1 if count else 0
