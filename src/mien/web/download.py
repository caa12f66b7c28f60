"""One download by http or https, limited in size, time and the servers that it may ask."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
import urllib.error
import urllib.request
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

from mien.web.connecting import Allowance, DownloadError

MAX_BYTES = 50_000_000
"""A larger answer is refused."""
UNREACHED = "its server cannot be reached"
"""Start of the reasons that may no longer hold at the next call."""
_BUSY = (408, 425, 429, 500, 502, 503, 504)
_KEPT = "/%:@!$&'()*+,;=~?"  # characters of an address that are sent as they are


def host_of(url: str) -> str:
    """The server of an http or https address; empty for any other text."""
    try:
        parts = urlsplit(url)
        return parts.netloc if parts.scheme in ("http", "https") and parts.hostname else ""
    except ValueError:
        return ""


def download(
    url: str, timeout: float, *, end: float | None = None, private: bool = False
) -> tuple[bytes, str]:
    """(content, content type) of an address; raises ``DownloadError``.

    ``timeout``: seconds without a byte. ``end``: when to give up, by ``time.monotonic``; by default
    after four times ``timeout``. Redirections to anything but http and https are not followed, and
    unless ``private`` no server is asked that is not on the internet.
    """
    end = time.monotonic() + 4 * timeout if end is None else end
    allowance = Allowance(timeout, end, MAX_BYTES, private)
    if not host_of(url):
        raise DownloadError("not an http or https address")
    try:
        request = urllib.request.Request(_ascii(url), headers={"User-Agent": "mien"})
        with _opener(allowance).open(request, timeout=timeout) as response:
            data = response.read(MAX_BYTES + 1)
            if len(data) > MAX_BYTES:
                raise DownloadError(f"larger than {MAX_BYTES // 1_000_000} MB")
            if response.length:  # bytes still to come
                raise DownloadError("its server closed the connection early", again=True)
            return data, response.headers.get_content_type()
    except urllib.error.HTTPError as error:
        error.close()
        phrase = {status.value: f" {status.phrase}" for status in HTTPStatus}.get(error.code, "")
        raise DownloadError(f"HTTP {error.code}{phrase}", again=error.code in _BUSY) from None
    except urllib.error.URLError as error:
        raise _unreached(error.reason) from None
    except TimeoutError:
        allowance.wait()  # raises where the whole time is over
        raise DownloadError("its server stopped answering", again=True) from None
    except (http.client.InvalidURL, ValueError):
        raise DownloadError("not an http or https address") from None
    except (http.client.HTTPException, OSError):
        raise DownloadError("its server closed the connection early", again=True) from None


def _ascii(url: str) -> str:
    """The address as it is sent: spaces and accents encoded."""
    parts = urlsplit(url)
    host = parts.netloc if parts.netloc.isascii() else parts.netloc.encode("idna").decode()
    path, query = quote(parts.path, _KEPT), quote(parts.query, _KEPT)
    return parts._replace(netloc=host, path=path, query=query, fragment="").geturl()


def _unreached(why: object) -> DownloadError:
    """For the reason that ``urllib`` gives where no answer came."""
    if not isinstance(why, OSError):
        return DownloadError("it redirects to an address that is not http or https")
    again, reason = True, "timed out"
    if isinstance(why, socket.gaierror):
        again, reason = why.errno == socket.EAI_AGAIN, "no such host"
    elif isinstance(why, ssl.SSLError):
        again, reason = False, why.reason or "TLS"
    elif not isinstance(why, TimeoutError):
        reason = why.strerror or "no connection"
    return DownloadError(f"{UNREACHED} ({reason})", again, unreached=True)


class _Answer(http.client.HTTPResponse):
    """A response within an allowance, because a connection's time-out restarts at every byte."""

    def __init__(
        self, sock: socket.socket, *args: Any, allowance: Allowance, **options: Any
    ) -> None:
        super().__init__(sock, *args, **options)
        raw = self.fp.raw
        read = raw.readinto

        def readinto(buffer: Any) -> int | None:
            sock.settimeout(allowance.wait())
            count: int | None = read(buffer)
            allowance.spend(count or 0)
            return count

        raw.readinto = readinto  # type: ignore[method-assign]


class _Web(urllib.request.AbstractHTTPHandler):
    http_request = https_request = urllib.request.AbstractHTTPHandler.do_request_

    def __init__(self, allowance: Allowance) -> None:
        super().__init__()
        self._allowance = allowance

    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self._open(http.client.HTTPConnection, request)

    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self._open(http.client.HTTPSConnection, request)

    def _open(
        self, kind: type[http.client.HTTPConnection], request: urllib.request.Request
    ) -> http.client.HTTPResponse:
        allowance, target = self._allowance, urlsplit(request.full_url)
        direct = request.host == target.netloc  # else it is the user's proxy
        if not direct:
            allowance.check(target.hostname or "")

        class Connection(kind):  # type: ignore[misc, valid-type]
            def __init__(self, *args: Any, **options: Any) -> None:
                super().__init__(*args, **options)
                self.response_class = partial(_Answer, allowance=allowance)
                self._create_connection = lambda place, *_: allowance.connect(place, checked=direct)

        return self.do_open(Connection, request)


def _opener(allowance: Allowance) -> urllib.request.OpenerDirector:
    """``urllib``'s usual opener also follows ``file:`` and ``ftp:``; this one cannot."""
    opener = urllib.request.OpenerDirector()
    opener.add_handler(_Web(allowance))
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.UnknownHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.HTTPDefaultErrorHandler,
    ):
        opener.add_handler(handler())
    return opener
