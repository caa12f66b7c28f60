from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from mien.errors import InputError
from mien.sinks import CsvSink
from mien.types import COLUMNS, Result, result_columns
from tests.support.results import LABELS, make_frames, make_reading, make_result


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_row_a_face_under_one_header(results: list[Result], tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    with CsvSink(path) as sink:
        for result in results:
            sink.write(result)
    expected = [row for result in results for row in result.rows()]
    got = read(path.read_text(encoding="utf-8"))
    empty = got.pop(2)  # of the picture without a face
    assert empty.pop("source") == "empty.png" and not any(empty.values())
    assert len(got) == len(expected) == 3
    for row, wanted in zip(got[:2], expected, strict=False):
        assert row == {key: str(value) for key, value in wanted.items()}


def test_rows_are_flushed_one_by_one(results: list[Result], tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    with CsvSink(path) as sink:
        sink.write(results[0])
        assert len(read(path.read_text(encoding="utf-8"))) == 2


def test_awkward_names_survive() -> None:
    stream = io.StringIO()
    name = 'a, "b"\nc.jpg'
    with CsvSink(stream) as sink:
        sink.write(make_result(make_reading(), source=name))
    assert read(stream.getvalue())[0]["source"] == name


def test_a_run_without_a_face_has_a_row_a_picture() -> None:
    stream = io.StringIO()
    with CsvSink(stream) as sink:
        sink.write(make_result())
    header, row = stream.getvalue().splitlines()
    assert tuple(header.split(",")) == COLUMNS and row == "a/photo.jpg" + "," * (len(COLUMNS) - 1)
    stream = io.StringIO()
    CsvSink(stream).close()
    assert stream.getvalue() == f"{header}\n"


def test_pictures_before_the_first_face_have_its_columns() -> None:
    stream = io.StringIO()
    columns = (*COLUMNS, *LABELS)
    with CsvSink(stream) as sink:
        sink.write(make_result(source="first.jpg"))
        assert not stream.getvalue()  # whoever made this result has not said which columns follow
        sink.write(make_result(make_reading()))
    assert [row["source"] for row in read(stream.getvalue())] == ["first.jpg", "a/photo.jpg"]
    assert tuple(stream.getvalue().splitlines()[0].split(",")) == columns
    stream = io.StringIO()
    with CsvSink(stream) as sink:
        sink.write(replace(make_result(), columns=columns))
        assert len(read(stream.getvalue())) == 1


def test_another_models_labels_are_refused() -> None:
    stream = io.StringIO()
    with CsvSink(stream) as sink:
        sink.write(make_result(make_reading()))
        with pytest.raises(InputError, match="one model"):
            sink.write(make_result(make_reading(labels=("anger", "fear", "happiness"))))
        # The same labels in another order go under their own names.
        sink.write(make_result(make_reading(labels=LABELS[::-1])))
    first, second = read(stream.getvalue())
    assert first == second


def test_frames_of_a_video_have_their_number_and_time(tmp_path: Path) -> None:
    with CsvSink(tmp_path / "o.csv") as sink:
        for result in make_frames():
            sink.write(result)
    rows = read((tmp_path / "o.csv").read_text())
    assert tuple(rows[0]) == result_columns(LABELS, frames=True)
    assert {key: value for key, value in rows[0].items() if value} == {
        "source": "v.mp4", "frame_index": "0", "time_s": "0.0",
    }  # fmt: skip
    assert [row["time_s"] for row in rows] == ["0.0", "0.0333", "0.0667"]
    assert [row["track_id"] for row in rows] == ["", "5", "5"]
    assert [row["expression"] for row in rows] == ["", "happiness", "neutral"]
