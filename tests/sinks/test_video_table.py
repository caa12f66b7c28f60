from __future__ import annotations

import io
from dataclasses import replace

import pytest

from mien.sinks import FrameTableSink, PersonTableSink, Sink
from mien.sinks.video_table import clock
from mien.types import Result
from tests.support.results import make_frames, make_reading, make_result


def lines(sink: type[Sink], results: list[Result]) -> list[str]:
    stream = io.StringIO()
    with sink(stream) as open_sink:  # type: ignore[call-arg]
        for result in results:
            open_sink.write(result)
    return stream.getvalue().splitlines()


def test_one_row_a_frame() -> None:
    header, _, *rows = lines(FrameTableSink, make_frames())
    assert header.split() == ["Video", "Time", "Frame", "Faces", "Expressions"]
    assert [row.split() for row in rows] == [
        ["v.mp4", "0:00.0", "0", "0", "no", "face"],
        ["v.mp4", "0:00.0", "1", "1", "happiness", "80%"],
        ["v.mp4", "0:00.1", "2", "1", "neutral", "80%"],
    ]
    two = replace(make_frames()[1], readings=(make_reading(), make_reading("anger", 0.5)))
    assert lines(FrameTableSink, [two])[-1].endswith("2  happiness 80%, anger 50%")


def test_rows_are_printed_as_they_come() -> None:
    stream = io.StringIO()
    with FrameTableSink(stream) as sink:
        for _ in range(500):
            sink.write(make_frames()[1])
        assert stream.getvalue().count("happiness") == 500
    assert lines(FrameTableSink, []) == lines(PersonTableSink, []) == []


def test_one_row_a_person() -> None:
    frames = [*make_frames(), replace(make_frames()[2], time_s=0.5, frame_index=3)]
    header, _, row = lines(PersonTableSink, frames)
    assert header.split() == [
        "Video", "Person", "Seen", "From", "To", "Expressions", "Longest", "stretch", "Usable",
    ]  # fmt: skip
    assert row.split(maxsplit=6)[:6] == ["v.mp4", "5", "0.9", "s", "0:00.0", "0:00.9"]
    assert "neutral 96%, happiness 4%" in row
    assert row.split()[-6:] == ["neutral", "0.9", "s", "from", "0:00.1", "0%"]
    assert lines(PersonTableSink, make_frames(track_id=None)) == []  # nobody is followed


def test_names_cannot_act_on_a_terminal() -> None:
    hostile = [replace(frame, source="a\x1b[31m[b]\n.mp4") for frame in make_frames()]
    for sink in (FrameTableSink, PersonTableSink):
        shown = lines(sink, hostile)
        assert "\x1b" not in "".join(shown) and "[b]" in shown[-1]
        assert len(shown) == (5 if sink is FrameTableSink else 3)


def test_a_picture_has_no_time() -> None:
    assert "photo.jpg" in lines(FrameTableSink, [make_result(make_reading())])[-1]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00.0"), (9.96, "0:10.0"), (59.99, "1:00.0"), (123.4, "2:03.4"), (3723.4, "1:02:03.4"),
     (3599.99, "1:00:00.0")],
)  # fmt: skip
def test_times_as_people_write_them(seconds: float, text: str) -> None:
    assert clock(seconds) == text
