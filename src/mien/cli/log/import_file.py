"""``mien log import``: results of ``mien video`` and of other programs."""

from __future__ import annotations

import click

from mien.cli.log.support import ZONE, of_log, open_, zone_of
from mien.cli.support.numbers import Finite
from mien.cli.support.printing import counted, say


@click.command(name="import")
@of_log
@click.argument("file")
@click.option("--person", required=True, metavar="PSEUDONYM", help="Whom it shows.")
@click.option(
    "--start", required=True, metavar="TIME", help="When the recording began: 2026-03-01T10:00."
)
@ZONE
@click.option("--reader", metavar="NAME", help="mien, openface, pyfeat or imotions.")
@click.option(
    "--rate", type=Finite(min=0, max=1000, min_open=True), metavar="R",
    help="Frames a second, for files without true times (py-feat, OpenFace of pictures).",
)  # fmt: skip
@click.option(
    "--track", type=int, metavar="N", help="The person's number in the file (default: the largest)."
)
@click.option("--place", metavar="NAME", help="Where it was recorded; others are not compared.")
def import_file(
    target: str, key_file: str | None, file: str, person: str, start: str, timezone: str | None,
    reader: str | None, rate: float | None, track: int | None, place: str | None,
) -> None:  # fmt: skip
    """Store rows of mien video, OpenFace, py-feat or iMotions.

    iMotions with FACET's evidence. All rows are stored, or none.
    """
    with open_(target, key_file) as log:
        from mien.log.imports.importing import Import, import_file

        wish = Import(file, person, start, zone_of(timezone), reader, rate, track, place)
        name, windows, usable_s = import_file(log, wish)
    stored = counted(windows, "window")
    say(f"{file}: read as {name}; {stored}, {usable_s:,.1f} usable seconds of {person}")
