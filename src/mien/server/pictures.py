"""The pictures of a request, in each of the forms in which a request can have them."""

from __future__ import annotations

import base64
import binascii
from typing import Any, NamedTuple
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from mien.parsing import is_text, parse_json
from mien.server.problems import Problem
from mien.server.settings import Limits

MOST_NAME = 255
"""Characters of a picture's name."""
MOST_MARKS = 1000
"""Of ``[``, ``{`` and ``,`` in JSON, for each picture a request may have: names may hold some."""
FIELD = "pictures"
FORMS = (
    "a form (multipart/form-data) whose field 'pictures' has one or more files, one picture as the "
    "body (image/… or application/octet-stream), or JSON: "
    '{"pictures": [{"name": …, "data": base64}]}'
)


class Sent(NamedTuple):
    """A picture as it was sent."""

    name: str | None
    data: bytes


async def read_pictures(request: Request, limits: Limits) -> list[Sent]:
    """Those of a request, 1 to ``limits.pictures``, in order. Nothing is written to the disk.

    Raises ``Problem``: 413 for too many, 415 for another kind of body, 422 for a damaged one.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        sent = await _from_form(request, limits)
    elif kind == "application/json":
        sent = await run_in_threadpool(_from_json, await request.body(), limits)
    elif kind.startswith("image/") or kind == "application/octet-stream":
        sent = [Sent(_name(given_name(request)), await request.body())]
    else:
        raise Problem(415, f"pictures are sent as {FORMS}")
    if not sent:
        raise Problem(422, f"there is no picture: send {FORMS}")
    if len(sent) > limits.pictures:
        raise _too_many(limits)
    return sent


def given_name(request: Request) -> str:
    """That of a body: the parameter ``name``, or the header ``X-Name`` (percent-encoded UTF-8)."""
    return request.query_params.get("name") or unquote(request.headers.get("x-name", ""))


class _InMemory(MultiPartParser):
    """Bodies are counted, so files stay in memory, and none is left on a disk after a crash."""

    spool_max_size = 1 << 62


async def _from_form(request: Request, limits: Limits) -> list[Sent]:
    parser = _InMemory(
        request.headers, request.stream(), max_files=limits.pictures + 1, max_fields=8,
        max_part_size=4096,
    )  # fmt: skip
    try:
        form = await parser.parse()
    except MultiPartException as error:
        if error.message.startswith("Too many files"):
            raise _too_many(limits) from None
        raise Problem(422, f"the form is damaged: {error.message}") from None
    sent = []
    for field, file in form.multi_items():
        if field != FIELD or not isinstance(file, UploadFile):
            raise Problem(422, f"a form has files under the name {FIELD!r}, and nothing else")
        sent.append(Sent(_name(file.filename or ""), await file.read()))
        await file.close()
    return sent


def _from_json(body: bytes, limits: Limits) -> list[Sent]:
    if sum(map(body.count, (b"[", b"{", b","))) > MOST_MARKS * limits.pictures:
        # 3 bytes of JSON can take 80 of memory; base64 has none of these.
        raise Problem(422, "the JSON has far more parts than its pictures need")
    try:
        content: Any = parse_json(body, depth=4)
    except ValueError as error:
        raise Problem(422, f"the body is not JSON: {error}") from None
    pictures = content.get("pictures") if isinstance(content, dict) else None
    if not isinstance(pictures, list):
        raise Problem(422, 'JSON has the form {"pictures": [{"name": …, "data": base64}]}')
    if len(pictures) > limits.pictures:
        raise _too_many(limits)
    return [_of_json(number, picture) for number, picture in enumerate(pictures)]


def _of_json(number: int, picture: object) -> Sent:
    if not isinstance(picture, dict) or not set(picture) <= {"name", "data"}:
        raise Problem(422, f'pictures.{number}: expected {{"name": …, "data": base64}}')
    name, data = picture.get("name"), picture.get("data")
    if not (name is None or is_text(name, MOST_NAME)):
        raise Problem(
            422, f"pictures.{number}.name: expected a text of up to {MOST_NAME} characters"
        )
    if not isinstance(data, str):
        raise Problem(422, f"pictures.{number}.data: expected base64")
    try:
        return Sent(_name(name or ""), base64.b64decode(data, validate=True))
    except (binascii.Error, ValueError):
        raise Problem(422, f"pictures.{number}.data: this is not base64") from None


def _name(name: str) -> str | None:
    """The last part of a name, as text that JSON can hold; ``None`` for an empty one."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return last.encode(errors="replace").decode()[-MOST_NAME:] or None


def _too_many(limits: Limits) -> Problem:
    return Problem(413, f"a request has at most {limits.pictures} pictures: send several")
