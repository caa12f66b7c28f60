from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="needs the 'scale' extra")

import pyarrow as pa

import mien
from mien.errors import InputError
from mien.samples import ASTRONAUT
from mien.scale import analyze_batch


def test_rows_are_those_of_the_recognizer(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    paths = [str(ASTRONAUT), str(tmp_path / "broken.jpg"), None, str(ASTRONAUT)]
    by_path = analyze_batch(pa.table({"path": paths})).to_pylist()
    assert [row["input"] for row in by_path] == [0, 1, 2, 3]
    expected = mien.Recognizer(threads=1).image(ASTRONAUT).rows()[0]
    for row in (by_path[0], by_path[3]):
        assert {name: row[name] for name in expected} == expected and row["error"] is None
    assert "is not a picture" in by_path[1]["error"] and by_path[1]["expression"] is None
    assert by_path[2]["error"] == "the row has neither bytes nor a path"
    data = pa.table({"bytes": [ASTRONAUT.read_bytes()], "Path": ["a.jpg"]})
    row = analyze_batch(data).to_pylist()[0]
    assert row == {**by_path[0], "source": "a.jpg"}


def test_every_table_gives_the_same_columns() -> None:
    empty = analyze_batch(pa.table({"path": pa.array([], pa.string())}))
    assert len(empty) == 0
    full = analyze_batch(pa.table({"path": [str(ASTRONAUT)]}))
    assert full.schema == empty.schema
    with pytest.raises(InputError, match="columns a: give paths in 'path'"):
        analyze_batch(pa.table({"a": [1]}))
