from __future__ import annotations

import importlib.util
from importlib.machinery import ModuleSpec

import pytest

from mien import frames
from mien.errors import ConfigError, MissingExtraError
from mien.frames import choose_library, to_frame

ROWS = [{"source": "a", "face": 0, "prob": 0.5, "small": True}, {"source": "b \udcfc"}]


def without(monkeypatch: pytest.MonkeyPatch, *missing: str) -> None:
    def find(name: str) -> ModuleSpec | None:
        return None if name in missing else importlib.util.find_spec("json")

    monkeypatch.setattr(frames, "find_spec", find)


def test_pandas_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch)
    assert choose_library(None) == "pandas" and choose_library("polars") == "polars"
    without(monkeypatch, "pandas")
    assert choose_library(None) == "polars"


def test_a_missing_library_gives_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "pandas", "polars")
    with pytest.raises(MissingExtraError, match="needs pandas: pip install pandas"):
        choose_library(None)
    with pytest.raises(MissingExtraError, match="pip install polars"):
        choose_library("polars")
    with pytest.raises(ConfigError, match="'pandas' or 'polars'"):
        choose_library("dask")


def test_pandas_types() -> None:
    pytest.importorskip("pandas")
    frame = to_frame(ROWS, ("source", "face", "score"), "pandas")
    assert list(frame.columns) == ["source", "face", "score", "prob", "small"]
    assert [str(frame[name].dtype) for name in ("face", "score", "small")] == [
        "Int64", "float64", "boolean"
    ]  # fmt: skip
    assert frame["source"][1] == "b \\udcfc" and frame["face"].isna()[1]


def test_polars_types() -> None:
    polars = pytest.importorskip("polars")
    frame = to_frame(ROWS, (), "polars")
    assert frame.dtypes == [polars.String, polars.Int64, polars.Float64, polars.Boolean]
    assert frame["prob"].to_list() == [0.5, None]
