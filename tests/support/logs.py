"""Made-up results of a stream for the tests of the log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from mien.labels import FER2013
from mien.log.database import Log
from mien.log.schema import METADATA
from mien.log.sessions import Setup, Source
from mien.log.shown import Region
from mien.log.sink import LogSink, Recording
from mien.log.times import FromStart, Zone
from mien.types import Box, EmotionScores, Face, Reading, Result

START_MS = 1_790_000_000_000  # a multiple of 10 s, on 2026-09-21 at 14:13:20 UTC


def reading(
    expression: str = "neutral", prob: float = 0.7, *, at: float = 40, side: float = 60,
    track: int | None = 1, usable: bool = True,
) -> Reading:  # fmt: skip
    rest = (1 - prob) / (len(FER2013) - 1)
    probs = tuple(prob if label == expression else rest for label in FER2013)
    box = Box(at, 40, at + side, 40 + side)
    return Reading(Face(box, track_id=track), EmotionScores(FER2013, probs), usable=usable)


def result(time_s: float, *readings: Reading) -> Result:
    return Result(readings, 400, 200, "clip", round(time_s * 10), time_s)


def recording(start_ms: int = START_MS, **changes: object) -> Recording:
    persons: dict[str, Region | None] = {"anna": None}
    made = Recording(
        Source("video", "clip.mp4", time_from="given"), Setup("room"), persons,
        FromStart(start_ms), Zone("Europe/Berlin"), notes_gaps=True,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def record(log: Log, results: Iterable[Result], **changes: object) -> LogSink:
    with LogSink(log, recording(**changes)) as sink:  # type: ignore[arg-type]
        for one in results:
            sink.write(one)
    return sink


def frames(seconds: float, rate: float = 10, **kind: object) -> list[Result]:
    """A stream of one face."""
    return [result(n / rate, reading(**kind)) for n in range(round(seconds * rate))]  # type: ignore[arg-type]


def rows(log: Log, table: str) -> list[dict[str, object]]:
    found = METADATA.tables[table]
    with log.read() as connection:
        ordered = found.select().order_by(*found.primary_key.columns)
        return [row._asdict() for row in connection.execute(ordered)]
