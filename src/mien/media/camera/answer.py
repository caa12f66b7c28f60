"""The answer of a network camera over HTTP; where it is no stream, what the user should do."""

from __future__ import annotations

import base64
import hashlib
import http.client
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from email.message import Message
from http import HTTPStatus
from typing import IO, Any
from urllib.parse import SplitResult, unquote, urlsplit

from mien.media.camera.arrivals import StreamError

_READ_BY_FFMPEG = (
    "video/", "application/octet-stream", "application/vnd.apple.mpegurl", "application/x-mpegurl",
)  # fmt: skip
_STREAM = "give the address of its MJPEG stream, which its manual names"
_HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


def open_stream(address: str) -> http.client.HTTPResponse | None:
    """The body of a multipart answer, to be closed; ``None`` for another kind of video.

    A user and password in ``address`` are used if the camera asks for them, by Digest or Basic, and
    sent to no other server. Raises ``StreamError``, whose text has nothing of the address.
    """
    try:
        parts = urlsplit(address)
        answer: http.client.HTTPResponse = _opener(parts).open(_plain(parts))
    except urllib.error.HTTPError as error:
        error.close()
        raise StreamError(_refusal(error.code, has_user="@" in parts.netloc)) from None
    except urllib.error.URLError as error:
        raise StreamError(_unreached(error.reason)) from None
    except (http.client.InvalidURL, ValueError):
        raise StreamError(
            "its address cannot be used: write @ : / ? # % in a password as %40 %3A %2F %3F %23 %25"
        ) from None
    except ConnectionError:
        raise StreamError(
            "it hangs up without an answer: start it again, or check the port"
        ) from None
    except http.client.HTTPException:
        raise StreamError("it does not answer by HTTP: check the port in its address") from None
    except OSError as error:
        raise StreamError(_unreached(error)) from None
    kind = answer.headers.get_content_type() if "Content-Type" in answer.headers else "video/"
    if kind.startswith("multipart/"):
        return answer
    answer.close()
    if kind.startswith(_READ_BY_FFMPEG):
        return None
    raise StreamError(_other(kind))


def _opener(parts: SplitResult) -> urllib.request.OpenerDirector:
    """``urllib``'s usual opener also follows ``file:`` and ``ftp:``; this one cannot."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.HTTPHandler, urllib.request.HTTPSHandler, urllib.request.ProxyHandler,
        urllib.request.UnknownHandler, urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPErrorProcessor, urllib.request.HTTPDefaultErrorHandler,
    ):  # fmt: skip
        opener.add_handler(handler())
    user, at, _ = parts.netloc.rpartition("@")
    if at:
        name, _, password = user.partition(":")
        known = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        known.add_password(None, _plain(parts), unquote(name), unquote(password))
        opener.add_handler(_Login(known))
    return opener


def _plain(parts: SplitResult) -> str:
    """The address without user and password."""
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()


class _Login(urllib.request.HTTPDigestAuthHandler):
    """Answers with a password, once for each address, by the first way of Digest or by Basic.

    ``urllib``'s handlers look at the first way alone, and try a wrong password six times, after
    which cameras lock the account.
    """

    passwd: urllib.request.HTTPPasswordMgr

    def http_error_401(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message
    ) -> Any:
        user, _ = self.passwd.find_user_password("", req.full_url)
        if user is None or req.has_header("Authorization"):  # None: the camera led elsewhere
            return None
        ways = [way.partition(" ") for way in headers.get_all("WWW-Authenticate", [])]
        for scheme, answer in (("digest", self._digest), ("basic", self._basic)):
            for name, _, rest in ways:
                value = answer(req, rest) if name.lower() == scheme else None
                if value is not None:
                    fp.close()
                    req.add_unredirected_header("Authorization", value)
                    return self.parent.open(req, timeout=req.timeout)
        raise StreamError(
            "it knows no way to log in that Mien knows: allow Digest or Basic in the camera"
        )

    def _digest(self, req: urllib.request.Request, challenge: str) -> str | None:
        # An algorithm that is not known, or an empty value (IndexError).
        with suppress(ValueError, IndexError, urllib.error.URLError):
            asked = urllib.request.parse_keqv_list(urllib.request.parse_http_list(challenge))
            value = self.get_authorization(req, asked)
            return value and f"Digest {value}"
        return None

    def _basic(self, req: urllib.request.Request, _: str) -> str:
        user, password = self.passwd.find_user_password("", req.full_url)
        return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def get_algorithm_impls(
        self, algorithm: str
    ) -> tuple[Callable[[str], str], Callable[[str, str], str]]:
        """Also SHA-256, and passwords beyond ASCII (RFC 7616)."""
        if algorithm.upper() not in _HASHES:
            raise ValueError(algorithm)

        def digest(text: str) -> str:
            return _HASHES[algorithm.upper()](text.encode()).hexdigest()

        return digest, lambda secret, data: digest(f"{secret}:{data}")


def _refusal(status: int, has_user: bool) -> str:
    if status == HTTPStatus.UNAUTHORIZED and has_user:
        return "it refuses the user or password (HTTP 401): check both"
    if status == HTTPStatus.UNAUTHORIZED:
        return "it asks for a password (HTTP 401): give it as in http://user:password@…"
    if status == HTTPStatus.FORBIDDEN:
        return "it forbids this user to watch (HTTP 403): allow it in the camera"
    if status == HTTPStatus.NOT_FOUND:
        return f"it has nothing at this address (HTTP 404): {_STREAM}"
    phrase = {known.value: f" {known.phrase}" for known in HTTPStatus}.get(status, "")
    return f"it answers with HTTP {status}{phrase}: check its address, or start it again"


def _unreached(why: object) -> str:
    if isinstance(why, socket.gaierror):
        return "its host is not known: check the address"
    if isinstance(why, ssl.SSLCertVerificationError):
        return "its certificate is not trusted: name its file in SSL_CERT_FILE, or use http://"
    if isinstance(why, ssl.SSLError):
        return "it does not answer by HTTPS: check the port in its address, or use http://"
    reason = why.strerror if isinstance(why, OSError) else None
    return f"it cannot be reached ({reason or 'no connection'}): check that it is on, and the port"


def _other(kind: str) -> str:
    if kind in ("text/html", "application/xhtml+xml"):
        return f"it answers with a web page, not with video: {_STREAM}"
    if kind.startswith("image/"):
        return f"it answers with a single picture, not with video: {_STREAM}"
    return f"it answers with something else than video: {_STREAM}"
