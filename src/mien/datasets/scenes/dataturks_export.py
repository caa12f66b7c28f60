"""The lines of a Dataturks export: a picture's address, and the labelled boxes in it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mien.datasets.boxes import NO_BOX, Corners, length
from mien.datasets.files.archive import DAMAGE, Archive
from mien.datasets.files.lines import LONGEST_LINE, bounded_lines
from mien.errors import DatasetError
from mien.parsing import parse_json

NOT_ANNOTATED = "not annotated"
_TABLES = (".json", ".jsonl", ".ndjson", ".txt")


@dataclass(frozen=True, slots=True)
class Line:
    """One picture of an export."""

    url: str
    """The picture's address; may be just the line number where there is a ``problem``."""
    objects: Sequence[Any] = ()
    problem: str = ""
    """Why it cannot be used; empty if it can."""


def read_export(archive: Archive) -> tuple[list[Line], str]:
    """The lines of the exports in ``archive``, and a hash of their text."""
    names = archive.names()
    tables = names if archive.is_file else [n for n in names if n.lower().endswith(_TABLES)]
    lines: list[Line] = []
    digest = hashlib.blake2b(digest_size=8)
    for table in tables:
        try:
            with archive.text(table) as file:
                at, first = 1, file.readline(LONGEST_LINE)
                while first.isspace():
                    at, first = at + 1, file.readline(LONGEST_LINE)
                if not _is_export(first):
                    continue
                lines.append(_line(first, at))
                digest.update(first.encode())
                for number, text in enumerate(bounded_lines(file), start=at + 1):
                    digest.update(text.encode())
                    if text.strip():
                        lines.append(_line(text, number))
        except DAMAGE as error:
            raise DatasetError(f"{archive.path}: {table} is damaged: {error}") from None
    if not lines:
        raise DatasetError(
            f"{archive.path} holds no Dataturks export: expected one JSON object per line, with "
            "'content', the address of a picture, and 'annotation', the boxes in it"
        )
    return lines, digest.hexdigest()


def _is_export(first: str) -> bool:
    line = _json(first)
    return isinstance(line, Mapping) and "content" in line and "annotation" in line


def _line(text: str, number: int) -> Line:
    fields = _json(text)
    fields = fields if isinstance(fields, Mapping) else {}
    url = fields.get("content")
    if not isinstance(url, str) or not url:
        return Line(f"line {number}", problem="line is not a JSON object with an address")
    objects = fields.get("annotation")
    if objects is None:
        return Line(url, problem=NOT_ANNOTATED)
    if not isinstance(objects, list):
        return Line(url, problem="annotation is not a list of boxes")
    return Line(url, objects)


def _json(text: str) -> Any:
    try:
        return parse_json(text, finite=False)
    except ValueError:
        return None


def labels_of(item: Any) -> list[str]:
    """The labels of one object, which are a text or a list of them."""
    labels = item.get("label") if isinstance(item, Mapping) else None
    labels = labels if isinstance(labels, list) else [labels]
    return [label for label in labels if isinstance(label, str)]


def letters(label: str) -> str:
    """What the spellings of a label share: ``notface`` of ``Not_Face``."""
    return re.sub(r"[\W_]", "", label).lower()


def corners_of(item: Any, width: float, height: float) -> Corners:
    """Of one object with two corners, or four points around the box, relative to the size."""
    points = item.get("points") if isinstance(item, Mapping) else None
    pairs = []
    for point in points if isinstance(points, list) else []:
        pair = [point.get("x"), point.get("y")] if isinstance(point, Mapping) else point
        try:
            x, y = map(float, pair)
        except (TypeError, ValueError, OverflowError):
            return NO_BOX
        pairs.append((x * width, y * height))
    if len(pairs) == 2:
        return (*pairs[0], *pairs[1])  # may be swapped, which is reported later
    if len(pairs) < 2:
        return NO_BOX
    xs, ys = zip(*pairs, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def annotated_size(objects: Sequence[Any]) -> tuple[int, int] | None:
    """(width, height) of the picture by the first object that has them."""
    for item in objects:
        if isinstance(item, Mapping):
            width, height = length(item.get("imageWidth")), length(item.get("imageHeight"))
            if width == width and height == height:  # numbers
                return int(width), int(height)
    return None
