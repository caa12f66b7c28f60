"""The videos of one ``mien video``, one after the other, into all its outputs."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mien.cli.support.printing import complain
from mien.errors import ConfigError, InputError, MienError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mien.frame_journal import FrameJournal, FramesOfVideo
    from mien.media.video.reader import Frame, Video
    from mien.pipeline import Recognizer
    from mien.sinks.base import Sink
    from mien.sinks.count import CountSink
    from mien.sinks.video import VideoSink

STDIN = "-"


class Outputs(NamedTuple):
    """Where results go."""

    format_: str | None
    output: str | None
    """``None``: standard output."""
    draw: str | None
    summary: str | None
    pictures: bool
    """Whether the summary shows faces."""
    command: str
    """The command line, for the summary."""

    @property
    def files(self) -> list[str]:
        """Those that are files."""
        return [path for path in (self.output, self.summary, self.draw) if path is not None]


class Run:
    """Analyses videos; one that fails is reported, and the next follows."""

    def __init__(self, outputs: Outputs, quiet: bool, follow: dict[str, Any]) -> None:
        from mien.sinks.count import CountSink

        self._outputs, self._quiet, self._follow = outputs, quiet, follow
        self._count: CountSink = CountSink("frame")
        self._drawn: VideoSink | None = None
        self._stack = ExitStack()
        self.failures = 0

    def find(self, sources: tuple[str, ...]) -> list[str]:
        """The videos behind ``sources``. Raises ``ConfigError`` for several that are drawn."""
        from mien.media.video.sources import expand_videos
        from mien.overwriting import kept_apart

        found = list(expand_videos(sources, self._fail))
        files = [source for source in found if source != STDIN]
        for _ in kept_apart(files, self._outputs.files):
            pass
        if self._outputs.draw is not None and len(found) > 1:
            raise ConfigError(f"--draw writes one video, and {len(found)} are given: give one")
        return found

    def all(
        self, recognizer: Recognizer, found: list[str], reading: dict[str, Any],
        request: Mapping[str, Any], resume: bool,
    ) -> None:  # fmt: skip
        """Analyse every video. ``request``: all that decides what is found in them."""
        from mien.media.video.writer import check_video_path

        if self._outputs.draw is not None:
            check_video_path(Path(self._outputs.draw))
        with ExitStack() as kept:
            journal = self._journal(found, request, resume)
            if journal is not None:
                kept.callback(self._hint, journal.path)
                kept.enter_context(journal)
            with self._stack:
                sinks = self._open_sinks()
                for number, source in enumerate(found, start=1):
                    of = f" ({number} of {len(found)})" if len(found) > 1 else ""
                    part = None if journal is None else journal.video(number)
                    self._one(recognizer, source, sinks, of, reading, part)
            if journal is not None:
                journal.finish()

    def _hint(self, journal: Path) -> None:
        if journal.exists():  # the run was stopped
            self._note("the same command with --resume continues this run")

    def _journal(
        self, found: list[str], request: Mapping[str, Any], resume: bool
    ) -> FrameJournal | None:
        from mien.frame_journal import journal_beside, place_for_journal

        beside = place_for_journal(self._outputs.files)
        journal = None
        if beside is not None and STDIN not in found:
            journal = journal_beside(beside, found, request, resume=resume)
        if resume and (journal is None or not journal.found):
            self._note("there is no unfinished run to resume: starting from the beginning")
        elif journal is not None and journal.found and not resume:
            self._note("an unfinished run is given up: --resume would have continued it")
        return journal

    def _open_sinks(self) -> list[Sink]:
        from mien.media.video.writer import browsers_play
        from mien.sinks.formats import open_sink
        from mien.sinks.video_table import FrameTableSink, PersonTableSink

        format_, output, draw, summary, pictures, command = self._outputs
        table = PersonTableSink if self._follow["track"] else FrameTableSink
        sinks = [self._count, open_sink(output, format_, sys.stdout, table=table)]
        if summary is not None:
            from mien.reports.video.summary import SummarySink

            drawn = draw if draw is not None and browsers_play(Path(draw)) else None
            sinks.append(SummarySink(summary, command=command, pictures=pictures, drawn=drawn))
        for sink in sinks:
            self._stack.enter_context(sink)
        return sinks

    def _one(
        self, recognizer: Recognizer, source: str, sinks: list[Sink], of: str,
        reading: dict[str, Any], part: FramesOfVideo | None,
    ) -> None:  # fmt: skip
        from mien.cli.support.progress import meter
        from mien.media.video.reader import open_video

        try:
            video = open_video(
                sys.stdin.buffer if source == STDIN else source,
                on_error=lambda _, error: self._fail(error), on_note=self._note, **reading,
            )  # fmt: skip
        except InputError as error:
            self._fail(error)
            return
        if self._outputs.draw is not None:
            from mien.sinks.video import VideoSink

            self._drawn = VideoSink(self._outputs.draw, video.shown_rate, sound=video.file)
            sinks = [*sinks, self._stack.enter_context(self._drawn)]

        def again() -> Video:
            """The frames once more; what is wrong with them was said the first time."""
            return open_video(source, on_error=lambda *_: None, on_note=lambda _: None, **reading)

        is_seen = self._drawn is not None or (self._outputs.summary and self._outputs.pictures)
        # Lines printed on the same terminal already show progress.
        scrolling = self._outputs.format_ not in (None, "table") and self._outputs.output is None
        hidden = self._quiet or (scrolling and sys.stdout.isatty())
        total = video.expected
        with meter(total, f"frames{of}", hidden=hidden, rate=True) as update:
            frames = video if update is None else _counted(video, total, update)
            results = recognizer.watch(
                frames, video.name, journal=part,
                again=again if is_seen and source != STDIN else None, **self._follow,
            )  # fmt: skip
            for result in results:
                image = result.remembered()
                for each in sinks:
                    each.write(result, image)

    def _fail(self, error: MienError) -> None:
        self.failures += 1
        complain(error)

    def _note(self, note: str) -> None:
        if not self._quiet:
            complain(note)

    def closing(self) -> str:
        """What was done, how fast, and where it is."""
        text = self._count.text(self.failures)
        if self._count.pictures:
            rate = f"{self._count.pictures / self._count.seconds():,.0f}"
            text += f" ({rate} frame{'s' * (rate != '1')} a second)"
        if self._outputs.output is not None:
            text += f"; results in {self._outputs.output}"
        if self._outputs.summary is not None:
            text += f"; summary in {self._outputs.summary}"
        if self._drawn is not None and self._drawn.description:
            text += f"; video in {self._outputs.draw}: {self._drawn.description}"
        return text


def _counted(
    video: Video, total: int | None, update: Callable[[int, int | None], None]
) -> Iterator[Frame]:
    """The frames of ``video``, each counted when it is analysed."""
    for number, frame in enumerate(video, start=1):
        yield frame
        update(number, total)
