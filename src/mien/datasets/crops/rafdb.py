"""RAF-DB's own form: a list of pictures and labels (Li, Deng and Du, CVPR 2017)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from mien.datasets.files.archive import DAMAGE, Archive
from mien.datasets.files.split_names import SPLIT_OF
from mien.errors import DatasetError
from mien.labels import RAFDB

_LISTS = ("list_patition_label.txt", "list_partition_label.txt")  # the first is published
_LABELS = {str(number): label for number, label in enumerate(RAFDB, start=1)}


def find_list(names: Iterable[str]) -> str | None:
    """The member that is RAF-DB's list."""
    return next((n for n in names if PurePosixPath(n).name.lower() in _LISTS), None)


def read_rafdb(
    archive: Archive, listed: str, pictures: Iterable[str]
) -> tuple[list[tuple[str, str, str]], dict[str, list[str]]]:
    """(split, picture, expression) by lines such as ``train_00001.jpg 5``; and what is missing.

    Some copies have more columns, which are not read. The second value: split → names that are
    listed without a picture. Raises ``DatasetError`` with the line where the list is damaged.
    """
    by_stem = {PurePosixPath(name).stem.lower(): name for name in pictures}
    files: list[tuple[str, str, str]] = []
    missing: dict[str, list[str]] = {}
    try:
        with archive.text(listed) as file:
            lines = file.read().splitlines()
    except DAMAGE as error:
        raise DatasetError(f"{archive.path}: {listed} is damaged: {error}") from None
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if not words:
            continue
        name, label = words[0], words[1] if len(words) > 1 else ""
        expression = _LABELS.get(label)
        split = SPLIT_OF.get(name.partition("_")[0].lower())
        if expression is None or split is None:
            raise DatasetError(
                f"{archive.path}: {listed}, line {number} is {line.strip()[:40]!r}, expected "
                "something like 'train_00001.jpg 5' with a label from 1 to 7"
            )
        stem = PurePosixPath(name).stem.lower()
        picture = by_stem.get(f"{stem}_aligned") or by_stem.get(stem)
        if picture:
            files.append((split, picture, expression))
        else:
            missing.setdefault(split, []).append(name)
    return files, missing
