"""The pictures behind a list of addresses, downloaded once into a folder.

A file there is whole or absent, and ``dead.csv`` lists the addresses that gave no picture. The
addresses are not trusted: the names of the files come from a hash, and only pictures are kept.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Protocol, runtime_checkable

from mien.errors import ConfigError, ImageReadError
from mien.files import output_error, write_whole
from mien.media.formats import SUFFIXES
from mien.media.images import read_image
from mien.media.memory import Budget
from mien.web.connecting import PRIVATE, SLOW, DownloadError
from mien.web.download import UNREACHED, download, host_of

DEAD_LIST = "dead.csv"
"""Beside the pictures: address and reason of those that cannot be fetched."""
_AT_ONCE = 8

OnProgress = Callable[[int, int], None]
"""Called with (done, total) of the pictures to fetch."""


@runtime_checkable
class FetchesPictures(Protocol):
    """A data set whose pictures are on the web; without ``fetch`` it fetches them when needed."""

    def fetch(self, on_progress: OnProgress | None = None) -> None:
        """Fetch the missing pictures now.

        Raises ``DatasetError`` where not one can be fetched, ``OutputError``.
        """
        ...


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came of each address."""

    files: dict[str, str]
    """Address → name of its file in the folder."""
    dead: dict[str, str]
    """Address → why there is no picture; few different texts, so that they can be counted."""


def fetch(
    urls: Iterable[str],
    folder: Path,
    *,
    retry: bool = False,
    private: bool = False,
    timeout: float = 15.0,
    longest: float = 60.0,
    pause: float = 1.0,
    on_progress: OnProgress | None = None,
) -> Fetched:
    """Download the pictures behind ``urls`` into ``folder``, made where missing, eight at a time.

    Each is decoded too, within the memory of one ``mien.media.memory.Budget``. What is there
    already is skipped, and so is what ``dead.csv`` lists, unless ``retry`` is true or its server
    could not be reached. A server that is busy, breaks off or sends nothing for ``timeout`` seconds
    is tried three times, ``pause`` and twice ``pause`` seconds apart; one that refuses (404, 403 …)
    or has no address is tried once. One picture takes at most ``longest`` seconds, tries and
    redirections included. A server that cannot be reached, or has sent nothing but a picture that
    took longer, is skipped for the rest of its pictures. Servers that are not on the internet are
    refused unless ``private``.

    An interrupted call keeps what it downloaded. Raises ``OutputError`` where the folder cannot be
    written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = {entry.name for entry in folder.iterdir()}
    except (OSError, ValueError) as error:
        raise output_error(repr(str(folder)), error) from error
    names = {url: _file_name(url) for url in urls}
    dead = {} if retry else _read_dead(folder / DEAD_LIST)
    missing = [url for url, name in names.items() if name not in there and url not in dead]
    if missing:
        visit, budget = _Visit(timeout, longest, pause, private), Budget()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            futures = {
                pool.submit(budget.task().run, partial(visit.fetch, url, folder / names[url])): url
                for url in missing
            }
            try:
                for done, future in enumerate(as_completed(futures), start=1):
                    if reason := future.result():
                        dead[futures[future]] = reason
                    if on_progress:
                        on_progress(done, len(missing))
            finally:
                visit.stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                _write_dead(folder / DEAD_LIST, dead)
    return Fetched(
        files={url: name for url, name in names.items() if url not in dead},
        dead={url: dead[url] for url in names if url in dead},
    )


class _Visit:
    """What the threads of one call share."""

    def __init__(self, timeout: float, longest: float, pause: float, private: bool) -> None:
        self.timeout, self.longest, self.pause, self.private = timeout, longest, pause, private
        self.stop = threading.Event()
        self.answered: set[str] = set()
        self.unreached: dict[str, str] = {}  # server → why

    def fetch(self, url: str, path: Path) -> str:
        """Fetch one picture into ``path``; returns why that failed, or an empty text."""
        host, end = host_of(url), time.monotonic() + self.longest
        for pause in (self.pause, 2 * self.pause, None):
            if host in self.unreached:
                return self.unreached[host]
            try:
                write_whole(path, self._picture(url, end))
                self.answered.add(host)
                return ""
            except DownloadError as error:
                if not error.unreached and error.reason != SLOW:
                    self.answered.add(host)
                if error.again and pause is not None and not self.stop.wait(pause):
                    continue
                if host not in self.answered:
                    self.unreached[host] = error.reason
                return error.reason
        raise AssertionError("the last try returns")

    def _picture(self, url: str, end: float) -> bytes:
        """The content of an address, if it is a whole picture; raises ``DownloadError``."""
        data, kind = download(url, self.timeout, end=end, private=self.private)
        try:
            read_image(data)
        except ImageReadError:
            raise DownloadError(f"the answer is not a readable picture ({kind})") from None
        return data


def _file_name(url: str) -> str:
    """Made from a hash of the address, which itself may contain ``../..``."""
    name = hashlib.blake2b(url.encode(errors="backslashreplace"), digest_size=12).hexdigest()
    suffix = PurePosixPath(url.partition("?")[0]).suffix.lower()
    return name + (suffix if suffix in SUFFIXES else "")


def _read_dead(path: Path) -> dict[str, str]:
    """Address → reason, without servers that may be asked today; empty where unreadable."""
    with suppress(OSError, ValueError, csv.Error):
        rows = list(csv.reader(io.StringIO(path.read_text("utf-8"), newline="")))
        return {
            row[0]: row[1]
            for row in rows[1:]
            if len(row) == 2 and not row[1].startswith((UNREACHED, PRIVATE))
        }
    return {}


def _write_dead(path: Path, dead: dict[str, str]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([("url", "reason"), *dead.items()])
    write_whole(path, text.getvalue().encode(errors="backslashreplace"))


def cache_folder() -> Path:
    """The system's folder for what can be fetched again; ``XDG_CACHE_HOME`` comes first."""
    xdg = os.environ.get("XDG_CACHE_HOME")
    if xdg and Path(xdg).is_absolute():  # the standard ignores a relative one
        return Path(xdg) / "mien"
    try:
        if sys.platform == "win32":
            local = os.environ.get("LOCALAPPDATA")
            return (Path(local) if local else Path.home() / "AppData/Local") / "mien" / "Cache"
        below = "Library/Caches" if sys.platform == "darwin" else ".cache"
        return Path.home() / below / "mien"
    except RuntimeError:
        raise ConfigError(
            "no home folder to keep fetched pictures in: give cache=FOLDER, or set XDG_CACHE_HOME"
        ) from None
