"""Pictures found by the end of the address that they once had."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath
from urllib.parse import unquote_plus

from mien.datasets.files.archive import Archive
from mien.media.images import SUFFIXES
from mien.media.inputs import is_picture_name

NOT_THERE = "no picture there has its name: left out"
AMBIGUOUS = "its name is that of several pictures: left out"


def last_part(url: str) -> str:
    """The end of an address, decoded: the name of its picture."""
    path = url.partition("?")[0].partition("#")[0]
    return unquote_plus(path.rstrip("/").rpartition("/")[2])


def keys_of(urls: Sequence[str]) -> dict[str, str]:
    """Address → its picture's name, or the whole address where others end like it."""
    counts = Counter(last_part(url) for url in urls)
    return {url: last_part(url) if counts[last_part(url)] == 1 else url for url in urls}


def picture_names(archive: Archive) -> list[str]:
    """Members that are pictures by the ending of their name."""
    return list(filter(is_picture_name, archive.names()))


def named_pictures(archive: Archive, urls: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Address → the member of its name, address → why there is none.

    A name that several addresses or several members share is nobody's: the wrong picture under the
    right boxes would be worse than none.
    """
    members: dict[str, list[str]] = {}
    for name in picture_names(archive):
        members.setdefault(_plain(unquote_plus(name.rpartition("/")[2])), []).append(name)
    spellings = {url: _spellings(url) for url in urls}
    asked = Counter(name for names in spellings.values() for name in names)
    found: dict[str, str] = {}
    missing: dict[str, str] = {}
    for url, names in spellings.items():
        name = next((name for name in names if name in members), "")
        if not name:
            missing[url] = NOT_THERE
        elif asked[name] > 1 or len(members[name]) > 1:
            missing[url] = AMBIGUOUS
        else:
            found[url] = members[name][0]
    return found, missing


def _spellings(url: str) -> list[str]:
    """Names under which the picture may lie, the surest first."""
    whole = last_part(url)
    return list(dict.fromkeys(map(_plain, (whole, whole.partition("___")[2] or whole))))


def _plain(name: str) -> str:
    """In lower case and with one ending: Dataturks makes ``a.jpg`` into ``a.jpg.jpeg``."""
    path = PurePosixPath(name.lower())
    while path.suffix in SUFFIXES and PurePosixPath(path.stem).suffix in SUFFIXES:
        path = path.with_suffix("")
    return path.name
