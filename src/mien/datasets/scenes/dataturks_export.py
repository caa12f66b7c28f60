"""The lines of a Dataturks export: a picture's address, and the labelled boxes in it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mien.datasets.files.archive import DAMAGE, Archive
from mien.datasets.scenes.marks import Corners, by_corners
from mien.errors import DatasetError

NOT_ANNOTATED = "nobody has annotated it: left out"
_TABLES = (".json", ".jsonl", ".ndjson", ".txt")
_LONGEST_LINE = 1 << 26  # characters; thousands of faces need one million


@dataclass(frozen=True, slots=True)
class Line:
    """One picture of an export."""

    url: str
    """Where ``problem`` is set maybe only the number of the line."""
    objects: Sequence[Any] = ()
    problem: str = ""
    """Why it cannot be used, or nothing."""


def read_export(archive: Archive) -> tuple[list[Line], str]:
    """The lines of the exports in ``archive``, and a hash of their text."""
    names = archive.names()
    tables = names if archive.is_file else [n for n in names if n.lower().endswith(_TABLES)]
    lines: list[Line] = []
    digest = hashlib.blake2b(digest_size=8)
    for table in tables:
        try:
            with archive.text(table) as file:
                at, first = 1, file.readline(_LONGEST_LINE)
                while first.isspace():
                    at, first = at + 1, file.readline(_LONGEST_LINE)
                if not _is_export(first):
                    continue
                lines.append(_line(first, at))
                digest.update(first.encode())
                for number, text in enumerate(file, start=at + 1):
                    digest.update(text.encode())
                    if text.strip():
                        lines.append(_line(text, number))
        except DAMAGE as error:
            raise DatasetError(f"{archive.path}: {table} is damaged: {error}") from None
    if not lines:
        raise DatasetError(
            f"{archive.path} holds no Dataturks export: expected one JSON object a line, with "
            "'content', the address of a picture, and 'annotation', the boxes in it"
        )
    return lines, digest.hexdigest()


def _is_export(first: str) -> bool:
    found = _json(first)
    return isinstance(found, Mapping) and "content" in found and "annotation" in found


def _line(text: str, number: int) -> Line:
    found = _json(text)
    url = found.get("content") if isinstance(found, Mapping) else None
    if not isinstance(url, str) or not url:
        return Line(f"line {number}", problem="the line is no JSON object with an address")
    objects = found.get("annotation")
    if objects is None:
        return Line(url, problem=NOT_ANNOTATED)
    if not isinstance(objects, list):
        return Line(url, problem="its annotation is no list of boxes: left out")
    return Line(url, objects)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def labels_of(given: Any) -> list[str]:
    """The labels of one object: a text, or a list of them."""
    labels = given.get("label") if isinstance(given, Mapping) else None
    labels = labels if isinstance(labels, list) else [labels]
    return [label for label in labels if isinstance(label, str)]


def letters(label: str) -> str:
    """``notface`` of ``Not_Face``: what the spellings of a label share."""
    return re.sub(r"[\W_]", "", label).lower()


def corners_of(given: Any, width: float, height: float) -> Corners:
    """In pixels, of two corners or of four points around the box, each relative to the size."""
    points = given.get("points") if isinstance(given, Mapping) else None
    pairs = []
    for point in points if isinstance(points, list) else []:
        pair = [point.get("x"), point.get("y")] if isinstance(point, Mapping) else point
        try:
            x, y = map(float, pair)
        except (TypeError, ValueError, OverflowError):
            return by_corners(None)
        pairs.append((x * width, y * height))
    if len(pairs) == 2:
        return (*pairs[0], *pairs[1])  # corners may be swapped, which will be told
    if len(pairs) < 2:
        return by_corners(None)
    xs, ys = zip(*pairs, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def annotated_size(objects: Sequence[Any]) -> tuple[int, int] | None:
    """(width, height) of the picture as the first object with a size says."""
    for given in objects:
        if isinstance(given, Mapping):
            width, height = given.get("imageWidth"), given.get("imageHeight")
            if isinstance(width, int) and isinstance(height, int) and min(width, height) > 0:
                return width, height
    return None
