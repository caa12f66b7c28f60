"""Finds local pictures by the web addresses that they had."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from urllib.parse import unquote_plus

from mien.datasets.files.archive import Archive
from mien.media.formats import SUFFIXES, is_picture_name

NOT_THERE = "no picture has its name"
AMBIGUOUS = "several pictures have its name"


def last_part(url: str) -> str:
    """The decoded end of an address: the name of its picture."""
    path = url.partition("?")[0].partition("#")[0]
    return unquote_plus(path.rstrip("/").rpartition("/")[2])


def keys_of(urls: Sequence[str]) -> dict[str, str]:
    """Address → its picture's name, or the whole address where another ends with the same."""
    counts = Counter(last_part(url) for url in urls)
    return {url: last_part(url) if counts[last_part(url)] == 1 else url for url in urls}


def picture_names(archive: Archive) -> list[str]:
    """Members whose suffix is a picture's."""
    return list(filter(is_picture_name, archive.names()))


def named_pictures(archive: Archive, urls: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """(address → its member, address → why no member matches), by name.

    Where several addresses or several members share a name, none of them is matched: a wrong
    picture for the boxes would be worse than a missing one.
    """
    members: dict[str, list[str]] = {}
    for name in picture_names(archive):
        members.setdefault(_plain(unquote_plus(name.rpartition("/")[2])), []).append(name)
    spellings = {url: _spellings(url) for url in urls}
    wanted = Counter(name for names in spellings.values() for name in names)
    matched: dict[str, str] = {}
    missing: dict[str, str] = {}
    for url, names in spellings.items():
        name = next((name for name in names if name in members), "")
        if not name:
            missing[url] = NOT_THERE
        elif wanted[name] > 1 or len(members[name]) > 1:
            missing[url] = AMBIGUOUS
        else:
            matched[url] = members[name][0]
    return matched, missing


def _spellings(url: str) -> list[str]:
    """Names that the picture may have, most likely first."""
    whole = last_part(url)
    return list(dict.fromkeys(map(_plain, (whole, whole.partition("___")[2] or whole))))


def _plain(name: str) -> str:
    """In lower case and with one suffix: Dataturks turns ``a.jpg`` into ``a.jpg.jpeg``."""
    parts = name.lower().rpartition("/")[2].split(".")
    while len(parts) > 2 and {f".{part}" for part in parts[-2:]} <= SUFFIXES:
        parts.pop()
    return ".".join(parts)
