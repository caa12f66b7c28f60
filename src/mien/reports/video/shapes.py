"""Timelines as SVG: areas of probabilities, a band of labels, and the marks of their axis."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from mien.reports.video.timeline import PersonTimeline, VideoTimeline

HEIGHT = 100
"""Of an area in which an expression is certain; a bin is one unit wide."""
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
_MOST_MARKS = 5


def width_of(video: VideoTimeline) -> float:
    """Width of the whole video, in bins."""
    return max((video.end_s - video.begin_s) / video.bin_s, 1e-3)


def areas(person: PersonTimeline, video: VideoTimeline) -> list[tuple[str, str]]:
    """Label and SVG path, of the labels that have any area, stacked in the model's order.

    The height of a label is its mean probability, times the share of the bin in which the person
    was seen.
    """
    width = width_of(video)
    levels = {}  # bin → borders between labels, from the bottom
    for number, sums in person.bins.items():
        share = min(1.0, sums[0] / (min(1.0, width - number) * video.bin_s))
        whole = math.fsum(sums[1:]) or 1.0
        borders, summed = [0], 0.0
        for value in sums[1:]:
            summed += value
            borders.append(round(HEIGHT * share * summed / whole))
        levels[number] = borders
    runs = list(_runs(sorted(levels)))
    paths = []
    for place, label in enumerate(video.labels):
        path = "".join(
            _outline(run, [levels[n][place : place + 2] for n in run], width)
            for run in runs
            if any(levels[n][place] < levels[n][place + 1] for n in run)
        )
        if path:
            paths.append((label, path))
    return paths


def marks(video: VideoTimeline) -> list[tuple[float, float]]:
    """Times in seconds for the axis, and their places in [0, 1]."""
    length = video.end_s - video.begin_s
    if length <= 0:
        return [(video.begin_s, 0.0)]
    step = next((step for step in _STEPS if length / step <= _MOST_MARKS), length / _MOST_MARKS)
    first = math.ceil(video.begin_s / step - 1e-9)
    last = math.floor(video.end_s / step + 1e-9)
    times = [number * step for number in range(first, last + 1)]
    return [(time, min(1.0, max(0.0, (time - video.begin_s) / length))) for time in times]


def _runs(numbers: Sequence[int]) -> Iterator[list[int]]:
    """Bins that follow one another."""
    run: list[int] = []
    for number in numbers:
        if run and number != run[-1] + 1:
            yield run
            run = []
        run.append(number)
    if run:
        yield run


def _outline(run: Sequence[int], levels: Sequence[Sequence[int]], width: float) -> str:
    """A closed path: along the upper borders, and back along the lower ones."""
    parts = [f"M{run[0]} {HEIGHT - levels[0][0]}"]
    for number, (_, upper) in zip(run, levels, strict=True):
        parts += [f"V{HEIGHT - upper}", f"H{min(number + 1, width):.7g}"]
    for number, (lower, _) in zip(reversed(run), reversed(levels), strict=True):
        parts += [f"V{HEIGHT - lower}", f"H{number}"]
    return _without_repeats(parts) + "Z"


def _without_repeats(parts: Sequence[str]) -> str:
    """The path without steps that lie on a straight line."""
    kept = list(parts[:1])
    for part in parts[1:]:
        if part[0] == kept[-1][0]:  # on in the same direction
            kept[-1] = part
        elif len(kept) > 2 and part[0] == "V" and part == kept[-2]:  # this high already
            continue
        else:
            kept.append(part)
    return "".join(kept)
