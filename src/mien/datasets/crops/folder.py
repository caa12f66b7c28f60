"""Pictures in folders named by expression: RAF-DB, CK+ and others, as a folder or zip.

``<split>/<expression>/<picture>``, or ``<expression>/<picture>`` for a data set of one split.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from mien.datasets.base import DatasetFacts, check_split
from mien.datasets.crops.ckplus import FRAMES, SUBJECT, is_ckplus, read_ckplus
from mien.datasets.crops.label_names import DIGITS, ORDERS, LabelNames
from mien.datasets.crops.rafdb import find_list, read_rafdb
from mien.datasets.files.archive import open_archive, pictures_beside
from mien.datasets.files.folders import Folder
from mien.datasets.files.pictures import Picture
from mien.datasets.files.split_names import SPLIT_OF, SPLITS, split_of_folders
from mien.datasets.samples import Sample
from mien.errors import ConfigError, DatasetError
from mien.media.formats import (
    count_suffixes,
    describe_left_out,
    is_other_picture_name,
    is_picture_name,
    left_out,
)
from mien.registry import register_dataset

SUBJECTS = {"ckplus": SUBJECT}
"""Patterns that find the subject in file names, by data set."""
_HIGHEST = max(number for numbers in ORDERS.values() for number in numbers)
_NO_FOLDER = "in no folder named by an expression"


class _File(NamedTuple):
    name: str
    expression: str


@register_dataset("folder")
class ExpressionFolders:
    """The reader. ``path``: a folder, or a zip of one.

    A folder's name is an expression as a noun (``happiness``), an adjective (``Happy``), with a
    number before it (``03_happy``, ``3-Happiness``) or, with ``order``, just a number of one or two
    digits; ``order`` is ``fer2013``, ``affectnet``, ``ckplus`` (all from 0) or ``rafdb`` (from 1).
    The nearest such folder above a picture counts, and a number only where no folder is named by an
    expression and no other folder above the picture is a number. The split is the nearest folder
    above that with a name such as ``train``, ``val`` or ``test``
    (``mien.datasets.files.split_names``), else ``train``.

    ``labels``: ``free`` for labels of your own, which are the names of the folders that the
    pictures lie in; or a list of them, such as ``bored,pain,drowsy``, which fixes their order
    (``mien.datasets.crops.label_names``).

    Two data sets are also read as they are published: RAF-DB with its list
    (``mien.datasets.crops.rafdb``), and CK+ with its ``Emotion`` files, of which ``frames`` chooses
    the frames (``mien.datasets.crops.ckplus``).

    ``subject``: a regular expression that is searched in each picture's path and whose only group
    is the subject, or ``ckplus`` for names such as ``S005_001_00000011.png``; CK+ as published
    needs neither.

    Expressions found are in the order of FER2013 with contempt last, own labels sorted. Pictures
    have any size and are decoded when they are read. Raises ``DatasetError`` where a folder of
    pictures is not named by an expression or there are no pictures, ``ConfigError`` for other
    values of the options.
    """

    def __init__(
        self,
        path: str | Path,
        order: str | None = None,
        subject: str | None = None,
        frames: str = FRAMES[0],
        labels: tuple[str, ...] | None = None,
    ) -> None:
        self._labels = LabelNames("folder", labels, order)
        if frames not in FRAMES:
            raise ConfigError(f"folder takes frames={', '.join(FRAMES)}, not {frames!r}")
        self.path = Path(path)
        self._subject = _pattern(subject) if subject else None
        self._archive = open_archive(self.path)
        if self._archive.is_file:
            raise DatasetError(f"{self.path} is a single file: give a folder, or a zip of one")
        names = self._archive.names()
        pictures = [name for name in names if is_picture_name(name)]
        others = [name for name in names if is_other_picture_name(name)]
        self._skipped = pictures_beside(self._archive)
        self._missing: dict[str, list[str]] = {}
        files: dict[str, list[_File]] = {}
        if self._labels.is_own:
            files = self._by_folder(pictures)
        elif listed := find_list(names):
            found, self._missing = read_rafdb(self._archive, listed, pictures)
            for split, name, expression in found:
                files.setdefault(split, []).append(_File(name, expression))
        elif is_ckplus(pictures):
            labelled, skipped = read_ckplus(self._archive, names, pictures, frames)
            self._skipped |= skipped
            self._subject = self._subject or _pattern("ckplus")
            files["train"] = [_File(*entry) for entry in labelled.items()]
        else:
            files = self._by_folder(pictures)
        if not any(files.values()):
            raise DatasetError(
                f"{self.path} holds no pictures in folders named by expression: expected "
                "train/happiness/1.png, or happiness/1.png for a data set of one split"
                + (f" ({describe_left_out(count_suffixes(others))})" if others else "")
            )
        self._files = {split: sorted(files[split]) for split in SPLITS if split in files}
        self._unread: dict[str, list[str]] = {}  # split → pictures of formats that are not read
        for name in others:
            of = split_of_folders(name) or "train"
            self._unread.setdefault(
                of if of in self._files else next(iter(self._files)), []
            ).append(name)
        held = {file.expression for found in self._files.values() for file in found}
        self.facts = DatasetFacts(name="folder", labels=self._labels.in_order(held))

    def splits(self) -> tuple[str, ...]:
        """Those of ``train``, ``valid``, ``public``, ``private`` and ``test`` that exist."""
        return tuple(self._files)

    def samples(self, split: str) -> Iterator[Sample]:
        """Every picture of ``split``, sorted by path: (H, W) grey or (H, W, 3) RGB uint8."""
        check_split(self, split, self.path)
        index = {noun: i for i, noun in enumerate(self.facts.labels)}
        for file in self._files[split]:
            found = self._subject.search(file.name) if self._subject else None
            yield Sample(
                Picture(self._archive, file.name),
                index[file.expression],
                file.name,
                subject=found[1] if found else None,
            )

    def skipped(self, split: str) -> dict[str, list[str]]:
        """Reason → what is left out.

        Pictures beside the folders, reported with the first split, entries of RAF-DB's list without
        a picture, and pictures of formats that Mien does not read.
        """
        skipped = dict(self._skipped) if split == next(iter(self._files)) else {}
        if self._missing.get(split):
            skipped["listed without a picture"] = self._missing[split]
        for name in self._unread.get(split, []):
            skipped.setdefault(left_out(name), []).append(name)
        return skipped

    def _by_folder(self, pictures: list[str]) -> dict[str, list[_File]]:
        """Split → files, by the folders above them."""
        root = (self.path.resolve().name,) if isinstance(self._archive, Folder) else ()
        known: dict[str, tuple[str, str] | None] = {}  # folder → (split, expression)
        files: dict[str, list[_File]] = {}
        for name in pictures:
            folder = name.rpartition("/")[0]
            if folder not in known:
                known[folder] = self._meaning(folder, root, pictures)
            meaning = known[folder]
            if meaning is None:
                self._skipped.setdefault(_NO_FOLDER, []).append(name)
            else:
                files.setdefault(meaning[0], []).append(_File(name, meaning[1]))
        return files

    def _meaning(
        self, folder: str, root: tuple[str, ...], pictures: list[str]
    ) -> tuple[str, str] | None:
        """(split, label) of the pictures in ``folder``; ``None`` beside the labels' folders."""
        parts = PurePosixPath(folder).parts
        own = [part for part in parts if part.lower() not in SPLIT_OF]
        for depth in self._by_nearness(parts):
            if label := self._labels.find(parts[depth]):
                above = (*root, *parts[:depth])
                splits = (SPLIT_OF.get(part.lower()) for part in reversed(above))
                return next((split for split in splits if split), "train"), label
        if not own:
            return None  # such as an overview beside the folders of expressions
        raise DatasetError(self._no_label(folder, own[-1], pictures))

    def _by_nearness(self, parts: tuple[str, ...]) -> Iterator[int]:
        """Depths of the folders that may be the label: names first, then the only number.

        A number may be that of a sequence, a subject or a month. Of own labels that are not listed,
        only the folder of the pictures itself can be one.
        """
        numbers = [depth for depth, part in enumerate(parts) if part.strip().isdecimal()]
        names = [depth for depth in reversed(range(len(parts))) if depth not in numbers]
        if self._labels.is_free:
            names = [depth for depth in names[:1] if parts[depth].lower() not in SPLIT_OF]
        yield from names
        if len(numbers) == 1:
            yield numbers[0]

    def _no_label(self, folder: str, own: str, pictures: list[str]) -> str:
        """Why the pictures in ``folder`` have no label, and what to do."""
        number = own.isdecimal()
        if not self._labels.has_numbers and number and numbers_are_labels(pictures):
            return (
                f"{self.path}: the folder {_short(folder)!r} is a number, which stands for another "
                f"expression in every data set: choose one with order={', '.join(ORDERS)}, or name "
                "the labels from 0 on with labels=NAME,…"
            )
        reason = self._labels.problem(own).removeprefix("the label ")
        numbers = [part for part in PurePosixPath(folder).parts if part.strip().isdecimal()]
        if self._labels.has_numbers and len(numbers) > 1:
            reason = "several of its folders are numbers, and only one can be the label"
        elif number and (not self._labels.has_numbers or len(own) > DIGITS):
            reason = (
                f"{_short(own)!r} looks like the number of a sequence, a subject or a date; "
                "expected a folder named by an expression, such as happiness"
            )
        return f"{self.path}: the pictures in {_short(folder)!r} have no label: {reason}"


def numbers_are_labels(pictures: Iterable[str]) -> bool:
    """Whether folders that are numbers look like labels in all paths of ``pictures``.

    They do if all are small and the only numbers above their pictures, and if hardly any other
    folder has folders of the same numbers below it: sequences have, for every subject.
    """
    folders = {PurePosixPath(picture).parent for picture in pictures}
    numbered = [folder for folder in folders if folder.name.isdecimal()]
    for folder in numbered:
        small = len(folder.name) <= DIGITS and int(folder.name) <= _HIGHEST
        if not small or any(part.isdecimal() for part in folder.parts[:-1]):
            return False
    homes = {folder.parent for folder in numbered if folder.parent.name.lower() not in SPLIT_OF}
    return len(homes) <= 1


def _pattern(subject: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(SUBJECTS.get(subject, subject))
    except re.error as error:
        raise ConfigError(f"subject={subject!r} is not a regular expression: {error}") from None
    if pattern.groups != 1:
        raise ConfigError(
            f"subject={subject!r} has {pattern.groups} groups instead of one, the subject: give "
            r"something like subject=(S\d+)_, or subject=ckplus"
        )
    return pattern


def _short(text: str, most: int = 100) -> str:
    return text if len(text) <= most else f"{text[:most]}…"
