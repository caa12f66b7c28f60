"""Which split the name of a file or folder stands for."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

SPLITS = {
    "train": ("train", "training", "trainset", "train_set"),
    "valid": ("valid", "val", "validation", "dev", "valset", "val_set"),
    "public": ("public", "publictest", "public_test"),
    "private": ("private", "privatetest", "private_test"),
    "test": ("test", "testing", "testset", "test_set"),
}
"""Split → its spellings, in lower case."""
SPLIT_OF = {spelling: split for split, spellings in SPLITS.items() for spelling in spellings}
_MOST = 100  # characters of a split's name
_WORDS = re.compile(r"[A-Za-z]+")


def split_of_table(table: str) -> str | None:
    """By a word in the annotation file's name, else by a folder above it; else ``None``."""
    place = PurePosixPath(table)
    folders = (part.lower() for part in place.parts[-2::-1])
    return split_in_words(place.stem) or next(
        (SPLIT_OF[folder] for folder in folders if folder in SPLIT_OF), None
    )


def split_of_folders(path: str) -> str | None:
    """By a word in the nearest folder above that has one, such as ``WIDER_val``; else ``None``."""
    splits = (split_in_words(part) for part in PurePosixPath(path).parts[-2::-1])
    return next((split for split in splits if split), None)


def split_in_words(text: str) -> str | None:
    """The split that a word of ``text`` names, such as ``wider_val_dev``; else ``None``."""
    words = (word.lower() for word in _WORDS.findall(text))
    return next((SPLIT_OF[word] for word in words if word in SPLIT_OF), None)


def is_split_name(name: object) -> bool:
    """Whether this can be a split's name, of which files are called: a name, never a path."""
    return (
        isinstance(name, str)
        and 0 < len(name) <= _MOST
        and name[0] != "."
        and name.isprintable()
        and not any(mark in name for mark in "/\\:")
    )
