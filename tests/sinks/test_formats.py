from __future__ import annotations

import io
from pathlib import Path

import pytest

from mien.errors import ConfigError
from mien.sinks import CsvSink, JsonSink, TableSink
from mien.sinks.formats import FORMAT_SUFFIXES, FORMATS, format_of, open_sink


def test_every_format_has_a_suffix() -> None:
    assert set(FORMAT_SUFFIXES.values()) == set(FORMATS)


@pytest.mark.parametrize(
    ("name", "format_"),
    [("a.csv", "csv"), ("a.b.JSON", "json"), ("a.jsonl", "jsonl"), ("x/a.parquet", "parquet"),
     ("a.txt", "table"), ("a.table", "table"), ("a", "table"), (".csv", "table")],
)  # fmt: skip
def test_the_suffix_decides(name: str, format_: str) -> None:
    assert format_of(name) == format_


def test_an_unknown_suffix_is_refused_with_the_known_ones() -> None:
    for name in ("a.xlsx", "a.2024", "a.tsv"):
        with pytest.raises(ConfigError, match=r"\.csv, \.json, \.jsonl, \.parquet, .*--format"):
            format_of(name)


def test_a_given_format_wins(tmp_path: Path) -> None:
    out = io.StringIO()
    assert isinstance(open_sink(tmp_path / "a.json", "csv", out), CsvSink)
    assert isinstance(open_sink(tmp_path / "a.xyz", "csv", out), CsvSink)
    assert isinstance(open_sink(tmp_path / "a.json", None, out), JsonSink)
    assert isinstance(open_sink(None, None, out), TableSink)
    assert isinstance(open_sink(None, "csv", out), CsvSink)
    with pytest.raises(ConfigError, match="not text"):
        open_sink(None, "parquet", out)
