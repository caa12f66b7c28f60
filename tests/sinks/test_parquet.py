from __future__ import annotations

import io
from pathlib import Path

import pytest

from mien.errors import InputError, OutputError
from mien.sinks import ParquetSink
from mien.sinks import parquet as module
from mien.types import COLUMNS, Result, result_columns
from tests.support.results import LABELS, make_frames, make_reading, make_result

parquet = pytest.importorskip("pyarrow.parquet", reason="needs the extra 'tables'")


def test_it_has_the_rows_with_types(results: list[Result], tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    with ParquetSink(path) as sink:
        for result in results:
            sink.write(result)
        assert not path.exists()
    table = parquet.read_table(path)
    assert tuple(table.column_names) == (*COLUMNS, *LABELS)
    assert [str(table.schema.field(n).type) for n in ("source", "face", "small", "anger")] == [
        "string", "int32", "bool", "double"
    ]  # fmt: skip
    rows = table.to_pylist()
    expected = [row for result in results for row in result.rows()]
    empty = rows.pop(2)
    assert empty.pop("source") == "empty.png" and set(empty.values()) == {None}
    assert rows[:2] == expected[:2] and rows[2]["source"] == "grüße/ż \\udcfc.jpg"
    assert list(tmp_path.iterdir()) == [path]


def test_memory_stays_flat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ROWS_AT_A_TIME", 4)
    with ParquetSink(tmp_path / "out.parquet") as sink:
        for _ in range(10):
            sink.write(make_result(make_reading()))
            assert len(sink._rows) < 4
    assert parquet.ParquetFile(tmp_path / "out.parquet").num_row_groups == 3


def test_an_error_keeps_what_was_written_and_nothing_beside(tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    with pytest.raises(KeyboardInterrupt), ParquetSink(path) as sink:
        sink.write(make_result(make_reading()))
        raise KeyboardInterrupt
    assert parquet.read_table(path).num_rows == 1 and list(tmp_path.iterdir()) == [path]
    with ParquetSink(path):  # nothing at all: an empty table replaces the old one
        pass
    assert parquet.read_table(path).num_rows == 0


def test_another_models_labels_are_refused(tmp_path: Path) -> None:
    with ParquetSink(tmp_path / "out.parquet") as sink:
        sink.write(make_result(make_reading()))
        with pytest.raises(InputError, match="one model"):
            sink.write(make_result(make_reading(labels=("anger", "fear", "happiness"))))
    with pytest.raises(OutputError, match="closed"):
        sink.write(make_result())


def test_other_files_are_not_overwritten(tmp_path: Path) -> None:
    text, picture = tmp_path / "notes", tmp_path / "a.jpg"
    for path in (text, picture):
        path.write_text("precious")
        with pytest.raises(OutputError):
            ParquetSink(path)
        assert path.read_text() == "precious"
    with pytest.raises(OutputError):
        ParquetSink(tmp_path / "none" / "out.parquet")
    with pytest.raises(InputError, match="give a file"):
        ParquetSink(io.StringIO())  # type: ignore[arg-type]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.jpg", "notes"]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out.parquet"
    with ParquetSink(path) as sink:
        sink.write(make_result(make_reading()))
    old = path.read_bytes()
    sink = ParquetSink(path)
    sink.write(make_result())

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pyarrow.parquet.ParquetWriter.write_table", full)
    with pytest.raises(OutputError, match="free some space"):
        sink.close()
    assert path.read_bytes() == old and list(tmp_path.iterdir()) == [path]


def test_frames_of_a_video_have_types(tmp_path: Path) -> None:
    with ParquetSink(tmp_path / "o.parquet") as sink:
        for result in make_frames():
            sink.write(result)
    table = parquet.read_table(tmp_path / "o.parquet")
    assert table.column_names == list(result_columns(LABELS, frames=True))
    assert table["frame_index"].to_pylist() == [0, 1, 2]
    assert table["track_id"].to_pylist() == [None, 5, 5]
    assert table["time_s"].to_pylist() == [0.0, 0.0333, 0.0667]
