"""Columns of tables of pictures: their usual names, and which of a table's columns hold what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mien.errors import ConfigError, did_you_mean

COLUMNS = {
    "picture": (
        "path", "file", "file_name", "filename", "filepath", "file_path", "image", "image_path",
        "img", "img_path", "image_name", "image_file", "picture", "photo", "name",
        "subdirectory_filepath",
    ),
    "label": (
        "expression", "emotion", "label", "class", "category", "class_name", "labels", "emotions",
        "emotion_label", "target",
    ),
    "split": ("split", "subset", "set", "usage", "partition"),
    "subject": (
        "subject", "subject_id", "person", "person_id", "participant", "participant_id", "actor",
        "identity",
    ),
    "valence": ("valence",),
    "arousal": ("arousal",),
}  # fmt: skip
"""Names of each column, in any case; the first that is there counts."""
CORNERS = (
    ("x1", "y1", "x2", "y2"), ("xmin", "ymin", "xmax", "ymax"), ("left", "top", "right", "bottom"),
)  # fmt: skip
"""Columns of a box by its corners, in pixels."""
SIZES = (
    ("x", "y", "w", "h"), ("x", "y", "width", "height"), ("left", "top", "width", "height"),
    ("face_x", "face_y", "face_width", "face_height"),
)  # fmt: skip
"""Columns of a box by its top left corner and its size."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a table hold what."""

    header: tuple[str, ...]
    """Every column, in small letters."""
    named: Mapping[str, str]
    """Each key of ``COLUMNS`` → its column; empty where there is none."""
    box: tuple[str, ...] | None
    """Four columns; ``None`` without a box."""
    by_corners: bool
    """Whether the four are corners."""

    @property
    def is_labelled(self) -> bool:
        """Whether there are columns for pictures and labels."""
        return bool(self.named["picture"] and self.named["label"])

    @property
    def is_of_raters(self) -> bool:
        """Whether rows are single answers of ``mien data label``, which lie beside the pictures."""
        return {"rater", "suggestion_shown"} <= set(self.header)


def find_columns(
    header: Sequence[str], chosen: Mapping[str, str] | None = None, box: Sequence[str] = ()
) -> Columns:
    """Those of ``header`` that are ``chosen`` for a key of ``COLUMNS``, and others by usual names.

    ``box``: four columns of corners instead of the usual ones. Raises ``ConfigError`` where a
    chosen column is missing.
    """
    cells = tuple(cell.strip().lower() for cell in header)
    named = {what: next((n for n in names if n in cells), "") for what, names in COLUMNS.items()}
    for what, column in (chosen or {}).items():
        named[what] = _present(column, cells)
    if box:
        return Columns(cells, named, tuple(_present(column, cells) for column in box), True)
    corners = next((four for four in CORNERS if set(four) <= set(cells)), None)
    sized = next((four for four in SIZES if set(four) <= set(cells)), None)
    return Columns(cells, named, corners or sized, corners is not None)


def _present(column: str, cells: Sequence[str]) -> str:
    name = column.strip().lower()
    if name not in cells:
        known = did_you_mean(name, [cell[:40] for cell in cells[:40]], "columns")
        raise ConfigError(f"the table has no column {column!r}: {known}")
    return name
