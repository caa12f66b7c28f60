"""Pictures fetched once from the web into a folder: whole or not there, and the dead ones listed.

What a list of addresses says is not to be trusted: only http and https are asked, the names of the
files are drawn from a hash of the address, and what comes back is kept only if it is a picture.
"""

from __future__ import annotations

import csv
import hashlib
import http.client
import io
import os
import socket
import ssl
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from mien.errors import ConfigError, ImageReadError
from mien.files import output_error, write_whole
from mien.media.images import SUFFIXES, read_image

MOST_BYTES = 50_000_000
"""A larger answer is not read to its end."""
DEAD_LIST = "dead.csv"
"""Beside the pictures: address and reason of those that cannot be had."""
UNREACHED = "its server cannot be reached"
"""What the reasons begin with that are not taken for the last word."""
_AT_ONCE = 8
_TRIES = 3
_TIMEOUTS = 8  # an answer may take that many in all
_BUSY = (408, 425, 429, 500, 502, 503, 504)  # worth another try
_PLAIN = "/%:@!$&'()*+,;=~"  # left as they are in an address


@dataclass(frozen=True, slots=True)
class Fetched:
    """Where each address came to."""

    files: dict[str, str]
    """Address → name of its file in the folder."""
    dead: dict[str, str]
    """Address → why there is no picture, in words that many of them share."""


def fetch(
    urls: Iterable[str],
    folder: Path,
    *,
    retry: bool = False,
    timeout: float = 15.0,
    pause: float = 1.0,
    on_progress: Callable[[int, int], None] | None = None,
) -> Fetched:
    """Bring the pictures behind ``urls`` into ``folder``, made where missing, several at once.

    What lies there already is not asked for again, nor is what ``dead.csv`` lists, unless ``retry``
    or its server could not be reached at all. A server that is busy, breaks off or says nothing for
    ``timeout`` seconds is asked three times, after ``pause`` and twice that; one that refuses (404,
    403 …) or has no address is not, and one that cannot be reached is left alone for all its
    pictures. ``on_progress`` gets (done, total) of what is asked for.

    An interrupted call leaves what it fetched. Raises ``OutputError`` where the folder cannot be
    written.
    """
    wanted = list(dict.fromkeys(urls))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = {entry.name for entry in folder.iterdir()}
    except (OSError, ValueError) as error:
        raise output_error(repr(str(folder)), error) from error
    dead = {} if retry else _read_dead(folder / DEAD_LIST)
    dead = {url: reason for url, reason in dead.items() if not reason.startswith(UNREACHED)}
    names = {url: _file_name(url) for url in wanted}
    missing = [url for url in wanted if names[url] not in there and url not in dead]
    if missing:
        asking = _Asking(folder, timeout, pause)
        try:
            asking.ask([(url, names[url]) for url in missing], dead, on_progress)
        finally:
            _write_dead(folder / DEAD_LIST, dead)
    return Fetched(
        files={url: name for url, name in names.items() if url not in dead},
        dead={url: dead[url] for url in wanted if url in dead},
    )


def fetch_pictures(dataset: object, on_progress: Callable[[int, int], None] | None = None) -> None:
    """Fetch what ``dataset`` lacks of its pictures; nothing where its reader fetches none.

    A command calls this once before it reads, to show how far it is; a reader that was not told
    fetches when the first picture is asked for. Raises ``DatasetError`` where there is not one
    picture, ``OutputError``.
    """
    own = getattr(dataset, "fetch", None)
    if own is not None:
        own(on_progress)


def cache_folder() -> Path:
    """Where this system keeps what can be fetched again; ``XDG_CACHE_HOME`` goes before all."""
    given = os.environ.get("XDG_CACHE_HOME")
    if given and Path(given).is_absolute():  # the standard says to pass over any other
        return Path(given) / "mien"
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


class _FetchError(Exception):
    """Why an address gave no picture."""

    def __init__(self, reason: str, again: bool = False, unreached: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.again, self.unreached = reason, again, unreached


@dataclass(slots=True)
class _Asking:
    """One round of downloads; what its threads share."""

    folder: Path
    timeout: float
    pause: float
    answered: set[str] = field(default_factory=set)
    """Hosts that have answered something."""
    unreached: dict[str, _FetchError] = field(default_factory=dict)
    """Hosts that could not be reached, and why."""
    stop: threading.Event = field(default_factory=threading.Event)

    def ask(
        self,
        wanted: Sequence[tuple[str, str]],
        dead: dict[str, str],
        on_progress: Callable[[int, int], None] | None,
    ) -> None:
        """Fetch every (address, file name); what fails is put into ``dead``."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            futures = {pool.submit(self.one, url, name): url for url, name in wanted}
            try:
                for done, future in enumerate(as_completed(futures), start=1):
                    if reason := future.result():
                        dead[futures[future]] = reason
                    if on_progress:
                        on_progress(done, len(futures))
            except BaseException:
                self.stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def one(self, url: str, name: str) -> str:
        """Fetch one picture; why there is none, or nothing."""
        host = urlsplit(url).netloc if _is_web(url) else ""
        for attempt in range(_TRIES):
            try:
                if host in self.unreached:
                    raise self.unreached[host]
                data, kind = self.download(url, host)
                write_whole(self.folder / name, _checked(data, kind))
                return ""
            except _FetchError as failure:
                if failure.again and attempt + 1 < _TRIES and not self.stop.is_set():
                    self.stop.wait(self.pause * 2**attempt)
                    continue
                if failure.unreached and host not in self.answered:
                    self.unreached[host] = _FetchError(failure.reason, unreached=True)
                return failure.reason
        raise AssertionError("the last try returns")

    def download(self, url: str, host: str) -> tuple[bytes, str]:
        """(bytes, content type) of what the server sends; raises ``_FetchError``."""
        if not host:
            raise _FetchError("its address is not one of http or https")
        try:
            request = urllib.request.Request(_ascii(url), headers={"User-Agent": "mien"})
            with _opener().open(request, timeout=self.timeout) as response:
                self.answered.add(host)
                return self.body(response), response.headers.get_content_type()
        except urllib.error.HTTPError as error:
            self.answered.add(host)
            error.close()
            raise _FetchError(_status(error.code), again=error.code in _BUSY) from None
        except urllib.error.URLError as error:
            raise _unreached(error.reason) from None
        except TimeoutError:
            self.answered.add(host)  # it took the connection
            raise _FetchError("its server stopped answering", again=True) from None
        except (http.client.InvalidURL, ValueError):
            raise _FetchError("its address is not one of http or https") from None
        except (http.client.HTTPException, OSError):
            raise _FetchError("its server broke off", again=True) from None

    def body(self, response: http.client.HTTPResponse) -> bytes:
        """All of it, if it is no longer than it may be."""
        data = bytearray()
        while piece := response.read1(1 << 16):
            data += piece
            if len(data) > MOST_BYTES:
                raise _FetchError(f"it has more than {MOST_BYTES // 1_000_000} MB")
            if self.stop.is_set():
                raise _FetchError("stopped")
        claimed = response.headers.get("Content-Length", "")
        if claimed.isdecimal() and len(data) < int(claimed):
            raise _FetchError("its server broke off", again=True)
        return bytes(data)


class _Dripping(io.RawIOBase):
    """What comes through a connection, for no longer than a few of its time-outs in all.

    The time-out itself begins anew with every byte.
    """

    def __init__(self, raw: io.RawIOBase, seconds: float) -> None:
        super().__init__()
        self._raw, self._until = raw, time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if time.monotonic() > self._until:
            raise _FetchError("its server is too slow")
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    """Head and body together may not take for ever."""

    def __init__(self, sock: socket.socket, *args: Any, **how: Any) -> None:
        super().__init__(sock, *args, **how)
        seconds = _TIMEOUTS * (sock.gettimeout() or 0)
        self.fp = io.BufferedReader(_Dripping(self.fp.detach(), seconds))


class _Plain(http.client.HTTPConnection):
    response_class = _Answer


class _Secure(http.client.HTTPSConnection):
    response_class = _Answer


class _HTTP(urllib.request.HTTPHandler):
    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Plain, request)


class _HTTPS(urllib.request.HTTPSHandler):
    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Secure, request)


def _opener() -> urllib.request.OpenerDirector:
    """Follows http and https alone: urllib's usual one takes ``file:`` and ``ftp:``, too."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.UnknownHandler,
        _HTTP,
        _HTTPS,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPErrorProcessor,
    ):
        opener.add_handler(handler())
    return opener


def _unreached(why: object) -> _FetchError:
    """For what ``urllib`` gives as the reason when no answer came."""
    if isinstance(why, socket.gaierror):
        again = why.errno == socket.EAI_AGAIN
        return _FetchError(f"{UNREACHED} (no such host)", again=again, unreached=True)
    if isinstance(why, ssl.SSLError):
        return _FetchError(f"{UNREACHED} ({why.reason or 'TLS'})", unreached=True)
    if isinstance(why, OSError):
        reason = "timed out" if isinstance(why, TimeoutError) else why.strerror or "no connection"
        return _FetchError(f"{UNREACHED} ({reason})", again=True, unreached=True)
    return _FetchError("its address leads to what is not http or https")  # a redirection


def _status(code: int) -> str:
    with suppress(ValueError):
        return f"HTTP {code} {HTTPStatus(code).phrase}"
    return f"HTTP {code}"


def _checked(data: bytes, kind: str) -> bytes:
    """``data`` where it is a whole picture; raises ``_FetchError``."""
    try:
        read_image(data)
    except ImageReadError:
        raise _FetchError(f"what came is no picture that can be read ({kind})") from None
    return data


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme.lower() in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def _ascii(url: str) -> str:
    """An address as it is sent: what people write as spaces and accents is encoded."""
    parts = urlsplit(url)
    host = parts.netloc.encode("idna").decode() if not parts.netloc.isascii() else parts.netloc
    path, query = quote(parts.path, safe=_PLAIN), quote(parts.query, safe=f"{_PLAIN}?")
    return urlunsplit((parts.scheme, host, path, query, ""))


def _file_name(url: str) -> str:
    """Drawn from the address, which itself may say ``../..``."""
    name = hashlib.blake2b(url.encode(errors="backslashreplace"), digest_size=12).hexdigest()
    suffix = PurePosixPath(url.partition("?")[0]).suffix.lower()
    return name + (suffix if suffix in SUFFIXES else "")


def _read_dead(path: Path) -> dict[str, str]:
    """An unreadable list is none: what it would say is found out anew."""
    with suppress(OSError, ValueError, csv.Error):
        rows = list(csv.reader(io.StringIO(path.read_text("utf-8"), newline="")))
        return {row[0]: row[1] for row in rows[1:] if len(row) == 2}
    return {}


def _write_dead(path: Path, dead: dict[str, str]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([("url", "reason"), *dead.items()])
    write_whole(path, text.getvalue().encode(errors="backslashreplace"))
