from __future__ import annotations

from dataclasses import replace

from mien.sinks import CountSink
from mien.types import Result
from tests.support.results import make_frames


def test_it_counts(results: list[Result]) -> None:
    with CountSink() as sink:
        for result in results:
            sink.write(result)
    assert (sink.pictures, sink.faces, sink.empty) == (3, 3, 1)
    assert sink.text().startswith("3 pictures, 3 faces, 1 without a face, 0.")
    sink.write(results[0])
    assert "4 pictures, 5 faces, 1 without a face, 1 error, 2,000 hidden" in sink.text(1, 2000)
    assert (
        CountSink().text(hidden=1).startswith("0 pictures, 0 faces, 1 hidden or system file left")
    )


def test_people_are_counted_once_a_video() -> None:
    sink = CountSink("frame")
    for result in make_frames(None):
        sink.write(result)
    assert sink.text().startswith("3 frames, 2 faces, 1 without a face, ")
    for result in make_frames(5):
        sink.write(result)
    assert sink.text().startswith("6 frames, 4 faces, 1 person, 2 without a face, ")
    for result in make_frames(5):
        sink.write(replace(result, source="other.mp4"))
    assert "6 faces, 2 people, " in sink.text()
