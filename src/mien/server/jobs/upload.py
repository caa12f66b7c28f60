"""The body of a request → a file, bit by bit."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from email.message import Message
from pathlib import Path
from typing import IO

from anyio import to_thread
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from mien.server.jobs.containers import HEAD, is_container
from mien.server.jobs.store import not_stored
from mien.server.problems import Problem

FIELD = "video"
"""The name of the file in a form."""
_PART = 1 << 20
_MOST_HEADERS, _MOST_BOUNDARY = 1 << 14, 70
"""Bytes of the headers of a part, and of what separates parts (RFC 2046)."""


async def receive_video(request: Request, path: Path, spare: int) -> str | None:
    """Write the video of a request into ``path``; the file name that a form gives, or ``None``.

    The body is the video, or a form (``multipart/form-data``) whose field ``video`` has it. Its
    size and time are bounded by ``mien.server.bodies``, which lets the client seem to leave
    (``ClientDisconnect``). ``spare``: bytes that stay free on the disk. Raises ``Problem``: 415 for
    what is no video, 422 for a broken form, 503 for a disk that is full.
    """
    kind, parameters = parse_options_header(request.headers.get("content-type", ""))
    with path.open("xb", buffering=0) as file:
        writer = _Writer(file, path.parent, spare)
        form = None
        if kind == b"multipart/form-data":
            form = _Form(parameters.get(b"boundary"), writer.add)
        async for chunk in request.stream():
            if form is None:
                writer.add(chunk)
            else:
                form.feed(chunk)
            await writer.flush(_PART)
        if form is not None:
            form.end()
        await writer.flush(0)
    if not writer.size:
        raise Problem(422, "the request has no video: send its bytes, or a form with 'video'")
    return None if form is None else form.file_name


class _Writer:
    """Collects bytes and writes them in a thread; looks at the first ones."""

    def __init__(self, file: IO[bytes], folder: Path, spare: int) -> None:
        self._file, self._waiting = file, bytearray()
        self._folder, self._spare = folder, spare
        self.size = 0
        self._is_known = False

    def add(self, data: bytes) -> None:
        self._waiting += data

    async def flush(self, least: int) -> None:
        """Write what waits, if it is ``least`` bytes or more. Raises ``Problem``."""
        if not self._is_known and (len(self._waiting) >= HEAD or not least) and self._waiting:
            self._is_known = True
            if not is_container(bytes(self._waiting[:HEAD])):
                raise Problem(
                    415, "this is no video that is read here: send MP4, MOV, MKV, WebM, AVI or MPEG"
                )
        if not self._waiting or len(self._waiting) < least:
            return
        data, self._waiting = bytes(self._waiting), bytearray()
        self.size += len(data)
        try:
            await to_thread.run_sync(self._write, data)
        except OSError as error:
            raise Problem(503, not_stored(error), {"Retry-After": "600"}) from None

    def _write(self, data: bytes) -> None:
        if shutil.disk_usage(self._folder).free < self._spare + len(data):
            raise OSError(errno.ENOSPC, "its disk is nearly full")
        while data:
            data = data[self._file.write(data) :]


class _Form:
    """The parts of a form; the bytes of the field ``video`` go to ``write``."""

    def __init__(self, boundary: bytes | None, write: Callable[[bytes], None]) -> None:
        if not boundary or len(boundary) > _MOST_BOUNDARY:
            raise Problem(422, "the form has no usable boundary: let your library set Content-Type")
        self.file_name: str | None = None
        self._write = write
        self._header, self._value, self._headers = b"", b"", 0
        self._is_video = self._was_video = self._is_whole = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin, "on_part_data": self._data,
                "on_header_field": self._field, "on_header_value": self._text,
                "on_header_end": self._header_end, "on_end": self._end,
            },
        )  # fmt: skip

    def feed(self, chunk: bytes) -> None:
        """Take bytes. Raises ``Problem`` 422 for what is no form."""
        try:
            self._parser.write(chunk)
        except MultipartParseError as error:
            raise Problem(422, f"the form cannot be read ({error})") from None

    def end(self) -> None:
        """Raise ``Problem`` 422 unless the form was complete."""
        if not self._is_whole:
            raise Problem(422, "the form is cut off: send it again")

    def _begin(self) -> None:
        self._header = self._value = b""
        self._headers, self._is_video = 0, False

    def _field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]
        self._count(end - start)

    def _text(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        self._count(end - start)

    def _count(self, more: int) -> None:
        self._headers += more
        if self._headers > _MOST_HEADERS:
            raise Problem(422, "a part of the form has too long headers")

    def _header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            message = Message()
            message["content-disposition"] = self._value.decode("utf-8", "replace").replace(
                "\n", " "
            )
            if message.get_param("name", header="content-disposition") == FIELD:
                if self._was_video:
                    raise Problem(422, "the form has two videos: send one a request")
                self._is_video = self._was_video = True
                self.file_name = message.get_filename()
        self._header = self._value = b""

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._is_video:
            self._write(data[start:end])

    def _end(self) -> None:
        self._is_whole = True
