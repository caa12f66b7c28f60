"""Sums over all shards of a job, for its report; one shard at a time is in memory."""

from __future__ import annotations

import heapq
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mien.scale.job import Job

FACES = ("0", "1", "2", "3", "4", "5 to 9", "10 and more")
"""Bins of the number of faces in a picture."""
_FACE_EDGES = (0, 1, 2, 3, 4, 5, 10)
PIXELS = ("below 0.1", "0.1 to 0.5", "0.5 to 2", "2 to 8", "8 to 24", "24 and more")
"""Bins of a picture's size in megapixels."""
_PIXEL_EDGES = (0, 1e5, 5e5, 2e6, 8e6, 24e6)
SIDES = ("below 24", "24 to 48", "48 to 96", "96 to 192", "192 and more")
"""Bins of a face's longer side in pixels."""
_SIDE_EDGES = (0, 24, 48, 96, 192)
MOST_REASONS, MOST_SLOW = 30, 20
"""Shown in a report."""


@dataclass
class Tally:
    """Numbers of inputs unless it says otherwise."""

    pictures: int = 0
    videos: int = 0
    frames: int = 0
    failed: int = 0
    duplicates: int = 0
    faces: int = 0
    bytes: int = 0
    seconds: float = 0.0
    """Of all workers together."""
    reasons: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    """Reason → the first input that failed for it."""
    expressions: Counter[str] = field(default_factory=Counter)
    """Of faces."""
    faces_a_picture: Counter[str] = field(default_factory=Counter)
    megapixels: Counter[str] = field(default_factory=Counter)
    sides: Counter[str] = field(default_factory=Counter)
    """Of faces."""
    slowest: list[tuple[float, str]] = field(default_factory=list)
    """Seconds and input, the slowest first."""


def tally(job: Job) -> Tally:
    """Sums over the shards that are done. Raises ``ConfigError`` where one is damaged."""
    sums = Tally()
    for shard in job.shards:
        if job.facts(shard) is not None:
            answers = job.answers(shard)
            _add_inputs(sums, answers.inputs)
            _add_faces(sums, answers.faces)
    slowest: list[tuple[float, int]] = []
    for each in job.past():
        sums.seconds += each["seconds"]
        pairs = [(seconds, number) for seconds, number in each["slow"]]
        slowest = heapq.nlargest(MOST_SLOW, {*slowest, *pairs})
    for seconds, number in slowest:
        if number < len(job.manifest):
            source = next(job.manifest.inputs(number, number + 1)).source
            sums.slowest.append((seconds, source))
    return sums


def reason_of(error: str, source: str) -> str:
    """The error without the input's name and numbers, so that equal ones can be counted."""
    text = error.replace(repr(source), "…").replace(source, "…")
    return re.sub(r"\d[\d,.]*", "N", text)


def _add_inputs(sums: Tally, inputs: Any) -> None:
    rows = {name: inputs.column(name) for name in inputs.column_names}
    frames = rows["frames"].to_numpy()
    videos = ~np.isnan(frames.astype(float))
    sums.videos += int(videos.sum())
    sums.pictures += int((~videos).sum())
    sums.frames += int(np.nansum(frames.astype(float)))
    sums.bytes += int(rows["bytes"].to_numpy().sum())
    sums.duplicates += len(inputs) - rows["duplicate_of"].null_count
    widths = rows["width"].to_numpy().astype(float)
    read = ~videos & ~np.isnan(widths)
    _count(sums.faces_a_picture, rows["faces"].to_numpy()[read], _FACE_EDGES, FACES)
    pixels = widths * rows["height"].to_numpy().astype(float)
    _count(sums.megapixels, pixels[read], _PIXEL_EDGES, PIXELS)
    for error, source in zip(rows["error"].to_pylist(), rows["source"].to_pylist(), strict=True):
        if error is not None:
            reason = reason_of(error, source)
            sums.failed += 1
            sums.reasons[reason] += 1
            sums.examples.setdefault(reason, source)


def _add_faces(sums: Tally, faces: Any) -> None:
    sums.faces += len(faces)
    for pair in faces.column("expression").value_counts().to_pylist():
        sums.expressions[pair["values"]] += pair["counts"]
    corners = {name: faces.column(name).to_numpy() for name in ("x1", "y1", "x2", "y2")}
    sides = np.maximum(corners["x2"] - corners["x1"], corners["y2"] - corners["y1"])
    _count(sums.sides, sides, _SIDE_EDGES, SIDES)


def _count(
    into: Counter[str], values: Any, edges: tuple[float, ...], names: tuple[str, ...]
) -> None:
    """Count values by bins that begin at ``edges``; the last has no end."""
    places = np.searchsorted(edges, values, side="right") - 1
    for place, count in enumerate(np.bincount(np.maximum(places, 0), minlength=len(names))):
        into[names[place]] += int(count)
