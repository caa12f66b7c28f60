"""Rows of tables: their columns, and how the JSON of a result becomes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mien.types.readings import UNCERTAIN

COLUMNS = ("source", "face", "expression", "prob", "score", "x1", "y1", "x2", "y2", "small")
"""The columns of a row before the probabilities, which have the names of the model's labels."""
FRAME_COLUMNS = (
    *(COLUMNS[0], "frame_index", "time_s", "track_id"), *COLUMNS[1:], "usable", "raw_expression",
    "carried",
)  # fmt: skip
"""The same of a frame of a video."""
_AFFECT = ("valence", "arousal")
_RESERVED = frozenset((*FRAME_COLUMNS, *_AFFECT, "file"))


def probability_columns(labels: Sequence[str]) -> tuple[str, ...]:
    """The column of each label's probability: its name, or ``prob_`` and it if that is taken."""
    taken = {*_RESERVED, *labels}
    names = []
    for label in labels:
        name = label
        while name in _RESERVED or (name != label and name in taken):
            name = f"prob_{name}"
        names.append(name)
    return tuple(names)


def result_columns(
    labels: Sequence[str], *, affect: bool = False, frames: bool = False
) -> tuple[str, ...]:
    """The columns of a row. ``affect``: with valence and arousal; ``frames``: of a video."""
    first = FRAME_COLUMNS if frames else COLUMNS
    return (*first, *probability_columns(labels), *(_AFFECT if affect else ()))


def rows_of(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """``Result.rows()`` of a result that is given as ``Result.to_dict`` makes it, or JSON of it."""
    place = place_of(result)
    columns = FRAME_COLUMNS if "frame_index" in result else COLUMNS
    return [_row({**place, **face}, columns) for face in result["faces"]]


def place_of(result: Mapping[str, Any]) -> dict[str, Any]:
    """Where the picture is from, as a row has it."""
    names = ("source", "frame_index", "time_s") if "frame_index" in result else ("source",)
    return {name: result.get(name) for name in names}


def _row(face: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    """``face``: its JSON and its place."""
    probs, shown = face["probs"], face["expression"]
    values = {
        **face, **dict(zip(("x1", "y1", "x2", "y2"), face["box"], strict=True)),
        "prob": max(probs.values()) if shown == UNCERTAIN else probs[shown],
        "raw_expression": face.get("raw", face)["expression"],
        "carried": face.get("carried", False),
    }  # fmt: skip
    return {
        **{name: values.get(name) for name in columns},
        **dict(zip(probability_columns(list(probs)), probs.values(), strict=True)),
        **{name: face[name] for name in _AFFECT if name in face},
    }
