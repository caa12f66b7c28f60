from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from mien.errors import InputError
from mien.sinks import CsvSink
from mien.types import Result
from tests.support.results import LABELS, make_reading, make_result


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_row_a_face_under_one_header(results: list[Result], tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    with CsvSink(path) as sink:
        for result in results:
            sink.write(result)
    expected = [row for result in results for row in result.rows()]
    got = read(path.read_text(encoding="utf-8"))
    assert len(got) == len(expected) == 3  # the picture without a face gives no row
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


def test_a_run_without_a_face_leaves_a_header_alone() -> None:
    stream = io.StringIO()
    with CsvSink(stream) as sink:
        sink.write(make_result())
    shared_columns = [key for key in make_result(make_reading()).rows()[0] if key not in LABELS]
    assert stream.getvalue().strip().split(",") == shared_columns


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
