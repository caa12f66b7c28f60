"""``Results``: the results of many pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, overload

from mien.drawing.html import MOST_PICTURES, THUMBNAIL_SIDE, sheet
from mien.frames import to_frame
from mien.types import COLUMNS, Result


class Results(Sequence[Result]):
    """A sequence of ``Result``, in the order of the pictures; a slice is one too.

    It holds no pictures. A notebook shows a contact sheet of those that are at hand.
    """

    __slots__ = ("_results",)

    def __init__(self, results: Iterable[Result] = ()) -> None:
        self._results = tuple(results)

    @overload
    def __getitem__(self, index: int) -> Result: ...
    @overload
    def __getitem__(self, index: slice) -> Results: ...
    def __getitem__(self, index: int | slice) -> Result | Results:
        if isinstance(index, slice):
            return Results(self._results[index])
        return self._results[index]

    def __len__(self) -> int:
        return len(self._results)

    def __iter__(self) -> Iterator[Result]:
        return iter(self._results)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Results) and self._results == other._results

    def __hash__(self) -> int:
        return hash(self._results)

    def rows(self, *, keep_empty: bool = False) -> list[dict[str, Any]]:
        """``Result.rows`` of every picture, one list: one flat dict per face."""
        return [row for result in self for row in result.rows(keep_empty=keep_empty)]

    def to_frame(self, library: str | None = None) -> Any:
        """One row per face as a data frame; a picture without a face has one row, almost empty.

        ``library`` and errors: see ``Result.to_frame``.
        """
        columns = max((result.columns for result in self), key=len, default=COLUMNS)
        return to_frame(self.rows(keep_empty=True), columns, library)

    def to_dict(self) -> dict[str, Any]:
        """``{"pictures": [...]}``: ``Result.to_dict()`` of every picture, JSON-ready."""
        return {"pictures": [result.to_dict() for result in self]}

    def counts(self) -> Counter[str]:
        """How often each expression was found."""
        return Counter(reading.expression for result in self for reading in result)

    def _repr_html_(self) -> str:
        shown = (result.shown(THUMBNAIL_SIDE) for result in islice(self, MOST_PICTURES))
        empty = sum(1 for result in self if not len(result))
        return sheet(shown, len(self), self.counts(), empty)

    def __repr__(self) -> str:
        faces = ", ".join(f"{count} {label}" for label, count in self.counts().most_common(8))
        pictures = f"{len(self)} picture{'' if len(self) == 1 else 's'}"
        return f"Results({pictures}: {faces or 'no face'})"
