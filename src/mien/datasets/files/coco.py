"""COCO's JSON files: images, categories and annotations, as they are written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mien.datasets.files.archive import DAMAGE, Archive
from mien.errors import DatasetError
from mien.parsing import MOST_BYTES, parse_json

SHARED_ID = "several images share the id of its image"
NO_SUCH = "the file has no such image or category"
_KEYS = ("images", "annotations", "categories")


class OtherFormat(Exception):  # noqa: N818 - tells which of several files is meant; never seen outside
    """The file is in another format; says what it lacks."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """One annotation with what it refers to."""

    number: int
    """Its place in the file, from 0."""
    fields: Mapping[str, Any]
    """As written."""
    image: Any = None
    """Id of its image."""
    category: str = ""
    problem: str = ""
    """Why it cannot be used; ``fields`` may be empty then."""

    @property
    def ignored(self) -> bool:
        """Whether it marks a crowd or is to be ignored."""
        return is_set(self.fields.get("iscrowd")) or is_set(self.fields.get("ignore"))


@dataclass(frozen=True, slots=True)
class CocoFile:
    """A file of which images and categories are known to have ids."""

    images: Mapping[Any, Mapping[str, Any]]
    """Id → image, without those that share an id."""
    repeated: Mapping[Any, list[Any]]
    """Id → the images that share it: nothing says whose its annotations are."""
    categories: Mapping[Any, str]
    """Id → name."""
    raw: list[Any]
    """The annotations as written."""

    def annotations(self) -> Iterator[Annotation]:
        """Every annotation, in the file's order."""
        for number, fields in enumerate(self.raw):
            try:
                image, category = _id(fields["image_id"]), _id(fields["category_id"])
                if image in self.repeated:
                    yield Annotation(number, fields, problem=SHARED_ID)
                elif image not in self.images or category not in self.categories:
                    yield Annotation(number, fields, problem=NO_SUCH)
                else:
                    yield Annotation(number, fields, image, self.categories[category])
            except (TypeError, KeyError):
                yield Annotation(number, {}, problem=NO_SUCH)


def open_coco(archive: Archive, name: str) -> CocoFile:
    """The COCO file ``name``. Raises ``OtherFormat``, and ``DatasetError`` if it is damaged."""
    try:
        with archive.text(name) as file:
            document = parse_json(file.read(MOST_BYTES + 1), finite=False)
    except (ValueError, *DAMAGE) as error:
        if isinstance(error, json.JSONDecodeError) and error.msg == "Extra data":
            raise OtherFormat("not a COCO file, but one with a JSON value per line") from None
        raise DatasetError(f"{archive.path}: {name} is damaged, or not JSON: {error}") from None
    known = document if isinstance(document, dict) else {}
    lists = [key for key in _KEYS if isinstance(known.get(key), list)]
    if len(lists) < len(_KEYS):
        only = f"; it has only {' and '.join(lists)}" if lists else ""
        raise OtherFormat(f"not a COCO file, which has images, annotations and categories{only}")
    by_id: dict[Any, list[Any]] = {}
    contents: dict[Any, set[Any]] = {}  # of the images that share an id
    try:
        for image in known["images"]:
            same = by_id.setdefault(_id(image["id"]), [])
            if same:
                seen = contents.setdefault(_id(image["id"]), {_frozen(same[0])})
                if (content := _frozen(image)) in seen:
                    continue
                seen.add(content)
            same.append(image)
        categories = {_id(c["id"]): str(c["name"]) for c in known["categories"]}
    except (TypeError, KeyError, RecursionError):
        raise DatasetError(
            f"{archive.path}: {name} is damaged: expected an id in each of its images, and an id "
            "and a name in each of its categories"
        ) from None
    images = {key: same[0] for key, same in by_id.items() if len(same) == 1}
    repeated = {key: same for key, same in by_id.items() if len(same) > 1}
    return CocoFile(images, repeated, categories, known["annotations"])


def _id(value: Any) -> Any:
    """An id as a key; ``TypeError`` if it cannot be one.

    Python gives numbers of more than 60 bits hashes that can be foreseen, so that a file could make
    every look-up slow.
    """
    return hex(value) if isinstance(value, int) and value.bit_length() > 60 else value


def _frozen(value: Any) -> Any:
    """A value of JSON that can be hashed, equal for equal ones."""
    if isinstance(value, dict):
        return frozenset((key, _frozen(item)) for key, item in value.items())
    return tuple(map(_frozen, value)) if isinstance(value, list) else _id(value)


def is_set(flag: Any) -> bool:
    """Whether a flag is on; some tools write "0" and "false" as text."""
    return str(flag).strip().lower() not in ("0", "0.0", "false", "none", "no", "")
