"""``mien log record``: records what a source shows of enrolled persons."""

from __future__ import annotations

from typing import Any

import click

from mien.cli.log.support import ZONE, of_log, open_, zone_of
from mien.cli.support.detection import recording_options
from mien.cli.support.following import CLASSIFY_EVERY
from mien.cli.support.numbers import COUNT, Finite, Seconds
from mien.cli.support.printing import complain, counted, say


@click.command()
@of_log
@click.argument("source")
@click.option(
    "--person", "persons", multiple=True, required=True, metavar="P[@X1,Y1,X2,Y2]",
    help="Whom the source shows: its largest usable face, or the one in a part of the picture, "
    "in shares of it from the top left. Several persons need a part each.",
)  # fmt: skip
@click.option("--start", metavar="TIME", help="When a video began, if its file does not say.")
@ZONE
@click.option(
    "--place", metavar="NAME",
    help="Where the camera stands: values of two places are not compared (default: the camera's "
    "address or number, 'videos' or 'photos').",
)  # fmt: skip
@click.option(
    "--for", "seconds", type=Seconds(), metavar="TIME",
    help="How long to record a camera (default: until Ctrl-C).",
)  # fmt: skip
@click.option(
    "--fps", type=Finite(min=0, min_open=True), metavar="F",
    help="Analyse at most F frames a second.",
)  # fmt: skip
@click.option(
    "--detect-every", type=COUNT, default=1, metavar="N",
    help="Search all of every N-th frame, as 'mien video' does.",
)  # fmt: skip
@CLASSIFY_EVERY
@click.option(
    "--keep-readings", is_flag=True,
    help="Store single readings too, for the days that 'mien log info' shows.",
)  # fmt: skip
@click.option(
    "--keep-pictures", is_flag=True,
    help="Of a camera: keep pictures of the persons' faces beside the log, UNENCRYPTED, for the "
    "days that 'mien log info' shows. Needs consent to pictures.",
)  # fmt: skip
@recording_options
@click.option("--quiet", "-q", is_flag=True, help="Print no progress or closing line.")
def record(
    target: str, key_file: str | None, source: str, persons: tuple[str, ...], start: str | None,
    timezone: str | None, place: str | None, seconds: float | None, fps: float | None,
    detect_every: int, classify_every: float, keep_readings: bool, keep_pictures: bool,
    max_pixels: int | None, quiet: bool, **options: Any,
) -> int:  # fmt: skip
    """Record what SOURCE shows of enrolled persons.

    Their consent must be in force. SOURCE is a video, a folder of videos or of dated photos, a
    webcam's number, or the address of a network camera. Others in the picture are counted, never
    scored or stored. No picture is stored unless --keep-pictures asks for it. A recording that was
    interrupted is continued by the same command. Exit status: 0 done, 1 some failed, 2 usage, 130
    after Ctrl-C.
    """
    with open_(target, key_file) as log:
        from mien.log.recording import Done, Wish, check_wish
        from mien.log.shown import parse_persons

        wish = Wish(
            source, parse_persons(persons), start, zone_of(timezone), place, fps, seconds,
            detect_every=detect_every, classify_every=classify_every, keep_readings=keep_readings,
            keep_pictures=keep_pictures, max_pixels=max_pixels,
        )  # fmt: skip
        check_wish(log, wish)  # before the networks are loaded
        done, run = Done(), _Run(quiet)
        try:
            run.all(log, wish, options, done)
        finally:
            if not quiet and done.windows:
                say(_closing(done), err=True)
    return 1 if run.failures else 0


class _Run:
    """One command."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self.failures = 0

    def all(self, log: Any, wish: Any, options: dict[str, Any], done: Any) -> None:
        from mien.cli.support.progress import meter
        from mien.log.recording import record
        from mien.log.sessions import setup_maker
        from mien.pipeline import Recognizer

        recognizer = Recognizer(max_pixels=wish.max_pixels, **options)
        setup = setup_maker(recognizer, options)
        with meter(None, "frames", hidden=self._quiet, rate=True) as update:
            record(
                log, wish, recognizer, setup, on_error=self._fail, on_event=self._heard,
                on_frame=update or (lambda number, total: None), done=done,
            )  # fmt: skip

    def _fail(self, error: object) -> None:
        self.failures += 1
        complain(error)

    def _heard(self, event: object) -> None:
        if not self._quiet:
            complain(event)


def _closing(done: Any) -> str:
    share = done.usable_s / done.watched_s if done.watched_s else 0.0
    return (
        f"{counted(done.windows, 'window')} stored: {done.watched_s:,.0f} s watched, "
        f"{done.seen_s:,.0f} s seen, {done.usable_s:,.0f} s usable ({share:.0%})"
    )
