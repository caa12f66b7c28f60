"""Rows as a data frame of pandas or Polars; neither is a dependency."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from mien.errors import ConfigError, MissingPackageError
from mien.escaping import for_utf8

KINDS = {
    "source": str, "frame_index": int, "track_id": int, "face": int, "expression": str,
    "small": bool, "file": str, "usable": bool, "raw_expression": str, "carried": bool,
}  # fmt: skip
"""Column → the type of its values, each of which may be missing; all other columns are floats."""


def kind_of(column: str) -> type:
    """``str``, ``int``, ``bool`` or ``float``."""
    return KINDS.get(column, float)


def as_columns(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()
) -> dict[str, list[Any]]:
    """Column → its values. ``columns`` come first, then those that only rows have."""
    names = dict.fromkeys((*columns, *(name for row in rows for name in row)))
    return {
        name: [for_utf8(row[name]) if row.get(name) is not None else None for row in rows]
        for name in names
    }


def to_frame(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = (), library: str | None = None
) -> Any:
    """``rows`` as a data frame, with ``columns`` even without any row.

    ``library``: ``"pandas"`` or ``"polars"``; by default the first of them that is installed. What
    a row does not have is missing: ``<NA>`` or ``NaN`` in pandas, ``null`` in Polars. Raises
    ``ConfigError`` for another library, and ``MissingPackageError`` with the pip command.
    """
    return _MAKERS[choose_library(library)](as_columns(rows, columns))


def choose_library(library: str | None) -> str:
    """The library to use. Raises as ``to_frame``, before there are any rows."""
    if library is None:
        library = next(filter(find_spec, _MAKERS), None)
        if library is None:
            raise MissingPackageError("a data frame", "pandas")
    elif library not in _MAKERS:
        raise ConfigError(f"no data frames of {library!r}: give 'pandas' or 'polars'")
    elif find_spec(library) is None:
        raise MissingPackageError(f"a data frame of {library}", library)
    return library


def _pandas(columns: Mapping[str, list[Any]]) -> Any:
    import pandas as pd

    dtypes = {str: None, int: "Int64", bool: "boolean", float: "float64"}
    return pd.DataFrame(
        {name: pd.Series(values, dtype=dtypes[kind_of(name)]) for name, values in columns.items()}
    )


def _polars(columns: Mapping[str, list[Any]]) -> Any:
    import polars as pl

    dtypes = {str: pl.String, int: pl.Int64, bool: pl.Boolean, float: pl.Float64}
    return pl.DataFrame(dict(columns), schema={name: dtypes[kind_of(name)] for name in columns})


_MAKERS: dict[str, Callable[[Mapping[str, list[Any]]], Any]] = {
    "pandas": _pandas,
    "polars": _polars,
}
