"""What the page says of each video and person, as texts, colours and shapes."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from mien.drawing.colors import color_of
from mien.escaping import for_terminal
from mien.reports.video.shapes import areas, marks, width_of
from mien.reports.video.timeline import PersonTimeline, Segment, VideoTimeline
from mien.sinks.video_table import clock


class Shape(NamedTuple):
    """An area of a timeline."""

    label: str
    color: str
    path: str


class Stretch(NamedTuple):
    """A segment."""

    label: str
    color: str
    begin_s: float
    end_s: float
    begin: str
    end: str
    prob: str
    picture: str
    """A data URI; may be empty."""


class PersonView(NamedTuple):
    """A person of a video."""

    number: int
    facts: list[tuple[str, str]]
    shares: list[tuple[str, str, str]]
    """Label, colour, and share of the seconds seen."""
    shapes: list[Shape]
    stretches: list[Stretch]
    left_out: int
    """Shorter segments that are not listed."""


class VideoView(NamedTuple):
    """A video. Seconds are those of the video that was analysed."""

    name: str
    file: str
    """Address of the video to play, relative to the page; empty if there is none."""
    offset_s: float
    """Seconds of the analysed video at which the played one begins."""
    begin_s: float
    end_s: float
    width: float
    """Of timelines, in bins."""
    axis: list[tuple[str, float]]
    """Text of a mark, and its place in percent."""
    legend: list[tuple[str, str]]
    """Labels and their colours."""
    frames: int
    seconds: float
    people: list[PersonView]
    others: int
    """People that are not shown."""


def view_of(video: VideoTimeline, file: str, offset_s: float) -> VideoView:
    """What the page shows of a video that has ended; ``VideoView`` explains the rest."""
    people = sorted(video.people.values(), key=lambda person: person.track_id)
    length = video.end_s - video.begin_s
    return VideoView(
        name=for_terminal(video.source or "video"),
        file=file,
        offset_s=offset_s,
        begin_s=round(video.begin_s, 3),
        end_s=round(video.end_s, 3),
        width=width_of(video),
        axis=_axis(video),
        legend=[(for_terminal(label), color_of(label)) for label in video.labels],
        frames=video.frames,
        seconds=length,
        people=[_person(person, video) for person in people],
        others=video.others,
    )


def address_of(file: str | os.PathLike[str], page: Path) -> str:
    """The relative address of a file, as a page in ``page``'s folder refers to it."""
    path = Path(file).absolute()
    try:
        relative = os.path.relpath(path.resolve(), page.absolute().parent.resolve())
    except ValueError:  # another drive of Windows
        return path.as_uri()
    return "./" + quote(os.fsencode(relative.replace(os.sep, "/")))  # ./: "c:x" is no scheme


def _axis(video: VideoTimeline) -> list[tuple[str, float]]:
    times = [(clock(time), round(100 * place, 2)) for time, place in marks(video)]
    if all(text.endswith(".0") for text, _ in times):
        return [(text.removesuffix(".0"), place) for text, place in times]
    return times


def _person(person: PersonTimeline, video: VideoTimeline) -> PersonView:
    label, begin_s, seconds = person.longest
    facts = [
        ("seen", f"{person.seen_s:.1f} s"),
        ("between", f"{clock(person.first_s)} and {clock(person.last_s)}"),
        ("longest stretch", f"{for_terminal(label)}, {seconds:.1f} s from {clock(begin_s)}"),
        ("usable", f"{person.usable_share:.0%} of the time"),
    ]
    return PersonView(
        number=person.track_id,
        facts=facts,
        shares=[
            (for_terminal(name), color_of(name), f"{part:.0%}") for name, part in person.shares()
        ],
        shapes=[Shape(for_terminal(n), color_of(n), path) for n, path in areas(person, video)],
        stretches=[_stretch(segment) for segment in person.segments],
        left_out=person.left_out,
    )


def _stretch(segment: Segment) -> Stretch:
    picture = base64.b64encode(segment.picture).decode()
    return Stretch(
        label=for_terminal(segment.expression),
        color=color_of(segment.expression),
        begin_s=round(segment.begin_s, 3),
        end_s=round(segment.end_s, 3),
        begin=clock(segment.begin_s),
        end=clock(segment.end_s),
        prob=f"{segment.prob:.0%}",
        picture=f"data:image/jpeg;base64,{picture}" if picture else "",
    )
