"""``mien log reanalyse``: recordings read again by the present model."""

from __future__ import annotations

from typing import Any

import click

from mien.cli.log.support import of_log, open_
from mien.cli.support.detection import recording_options
from mien.cli.support.printing import counted, say


@click.command()
@of_log
@click.argument("sessions", type=click.IntRange(1), nargs=-1, required=True, metavar="SESSION…")
@recording_options
@click.option("--quiet", "-q", is_flag=True, help="Print no progress or closing line.")
def reanalyse(
    target: str, key_file: str | None, sessions: tuple[int, ...], max_pixels: int | None,
    quiet: bool, **options: Any,
) -> None:  # fmt: skip
    """Compute recordings anew with the present model.

    SESSION is a number of 'mien log sessions'. The video that was recorded is read again, or the
    pictures that '--keep-pictures' kept of a camera. The rows of a session are replaced, or nothing
    is; they begin a new baseline, as a change of model does.
    """
    with open_(target, key_file) as log:
        from mien.cli.support.progress import meter
        from mien.log.reanalysing import reanalyse
        from mien.log.session_rows import find_session
        from mien.log.sessions import setup_maker

        with log.read() as connection:
            for number in sessions:  # before the networks are loaded
                find_session(connection, number)
        from mien.pipeline import Recognizer

        recognizer = Recognizer(max_pixels=max_pixels, **options)
        setup = setup_maker(recognizer, options)
        for number in sessions:
            with meter(None, "frames", hidden=quiet, rate=True) as update:
                count = reanalyse(
                    log, number, recognizer, setup, max_pixels=max_pixels,
                    on_frame=update or (lambda number, total: None),
                )  # fmt: skip
            if not quiet:
                say(f"session {number}: {counted(count, 'window')} computed anew")
