"""A page about a corpus: counts, expressions, sizes, errors by reason, slowest inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from mien.reports.page import Origin, readable, render

Counts = Sequence[tuple[str, int]]


@dataclass(frozen=True)
class CorpusView:
    """What the page shows. Numbers are of inputs unless it says otherwise."""

    name: str
    inputs: int
    done: int
    failed: int
    faces: int
    videos: int
    frames: int
    duplicates: int
    bytes: int
    work: str
    """Time of all workers together, in words."""
    milliseconds: float | None
    """Of one worker for one input."""
    sources: Sequence[str]
    settings: Mapping[str, Any]
    expressions: Counts
    """Of faces; the most frequent first."""
    faces_a_picture: Counts
    megapixels: Counts
    sides: Counts
    """Of faces, by their longer side in pixels."""
    reasons: Sequence[tuple[str, int, str]]
    """Why inputs failed, how many, and one of them."""
    more_reasons: int
    slowest: Sequence[tuple[float, str]]
    """Seconds and input."""


class Bar(NamedTuple):
    """One line of a table of counts."""

    name: str
    number: int
    share: float
    """Of all, in [0, 1]."""
    width: float
    """In per cent of the longest."""


def corpus_page(view: CorpusView, command: str) -> str:
    """The HTML text of the page."""
    warnings = []
    if view.done < view.inputs:
        warnings.append(
            f"{view.inputs - view.done:,} of {view.inputs:,} inputs are not analysed yet."
        )
    source = view.sources[0] if view.sources else ""
    origin = Origin(command, source, view.name, warnings)
    return render(
        "corpus.html", f"Corpus {view.name}", origin, {}, {}, view=view,
        cards=_cards(view), settings=readable(dict(view.settings)),
        tables=[
            ("Expressions", "What the faces show, the most probable expression of each.",
             "faces", bars(view.expressions)),
            ("Faces in a picture", "Pictures by the number of their faces.",
             "pictures", bars(view.faces_a_picture)),
            ("Size of faces", "Faces by the longer side of their box, in pixels.",
             "faces", bars(view.sides)),
            ("Size of pictures", "Pictures by their megapixels.",
             "pictures", bars(view.megapixels)),
        ],
    )  # fmt: skip


def bars(counts: Counts) -> list[Bar]:
    """Counts with their shares and the lengths of their bars."""
    total = sum(count for _, count in counts) or 1
    most = max((count for _, count in counts), default=0) or 1
    return [Bar(name, count, count / total, 100 * count / most) for name, count in counts]


def _cards(view: CorpusView) -> list[tuple[str, str, str]]:
    videos = f", {view.videos:,} of them videos with {view.frames:,} frames" if view.videos else ""
    same = f", {view.duplicates:,} of them duplicates" if view.settings.get("dedupe") else ""
    speed = "" if view.milliseconds is None else f"{view.milliseconds:,.1f} ms an input"
    pictures = sum(count for _, count in view.faces_a_picture)
    with_faces = pictures - dict(view.faces_a_picture).get("0", 0)
    faces = f"{with_faces:,} of {pictures:,} pictures have one" if pictures else ""
    return [
        ("inputs", f"{view.done:,}", f"{_size(view.bytes)}{videos}{same}"),
        ("faces", f"{view.faces:,}", faces),
        ("failed", f"{view.failed:,}", f"{view.failed / max(view.done, 1):.2%} of the inputs"),
        ("worker time", view.work, speed),
    ]


def _size(size: int) -> str:
    value, unit = float(size), "bytes"
    for larger in ("kB", "MB", "GB", "TB", "PB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:,.0f} {unit}" if unit == "bytes" else f"{value:,.1f} {unit}"
