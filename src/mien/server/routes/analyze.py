"""Pictures in, faces and expressions out."""

from __future__ import annotations

import asyncio
import base64
import io
import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from mien.errors import MienError
from mien.media.preview import shrink
from mien.server.access.roles import Who, needs
from mien.server.context import Context, context_of
from mien.server.pictures import MOST_NAME, Sent, read_pictures
from mien.server.problems import Problem, status_of
from mien.server.schemas import ANALYZE_BODY, ANALYZE_RESPONSES
from mien.server.waiting import in_time
from mien.types import Result

router = APIRouter(prefix="/v1", tags=["pictures"])

QUALITY = 90
"""Of JPEGs."""
DRAWN_SIDE = 1600
"""Pixels of the longer side of a drawn picture where there are several."""


@router.post(
    "/analyze",
    openapi_extra={"requestBody": ANALYZE_BODY},
    responses=ANALYZE_RESPONSES,
    response_class=JSONResponse,
)
async def analyze(
    request: Request,
    context: Annotated[Context, Depends(context_of)],
    who: Annotated[Who, Depends(needs("analyse"))],
    draw: Annotated[
        bool, Query(description="One picture: answer with it, drawn on. Several: add drawings.")
    ] = False,
    name: Annotated[
        str | None, Query(max_length=MOST_NAME, description="Of the picture that is the body.")
    ] = None,
) -> Response:
    """The faces in one or many pictures and their expressions, one entry a picture, in order.

    A picture that cannot be read has a problem as its entry; the others are answered. Nothing is
    kept.
    """
    began = time.perf_counter()
    sent = await read_pictures(request, context.settings.limits)
    work = _Work(context, draw, one=len(sent) == 1)
    with context.engine.admit():
        entries = await in_time(request, work.all(sent), context.settings.limits.request_s)
    if draw and len(sent) == 1:
        if "problem" in entries[0]:
            raise Problem(entries[0]["problem"]["status"], entries[0]["problem"]["detail"])
        return Response(entries[0]["drawn"], media_type="image/jpeg")
    elapsed_ms = round((time.perf_counter() - began) * 1000, 1)
    return JSONResponse({"results": entries, "elapsed_ms": elapsed_ms})


class _Work:
    """The pictures of one request; as many at a time as there are threads, so others get on."""

    def __init__(self, context: Context, draw: bool, one: bool) -> None:
        self._context, self._draw, self._one = context, draw, one
        self._turns = asyncio.Semaphore(context.engine.threads)

    async def all(self, sent: Sequence[Sent]) -> list[dict[str, Any]]:
        """An entry for each picture."""
        return await asyncio.gather(*(self._entry(*each) for each in sent))

    async def _entry(self, name: str | None, data: bytes) -> dict[str, Any]:
        async with self._turns:
            engine = self._context.engine
            try:
                result, image = await engine.analyze_admitted(data, name, whole=self._draw)
                entry: dict[str, Any] = {"name": name, "result": result.to_dict()}
                if self._draw:
                    drawn = await engine.run(_drawn, result, image, not self._one)
                    entry["drawn"] = drawn if self._one else await engine.run(_data_url, drawn)
            except MienError as error:
                status = status_of(error)
                problem = {"status": status, "detail": str(error)}
                return {"name": name, "problem": {"title": HTTPStatus(status).phrase, **problem}}
            return entry


def _drawn(result: Result, image: np.ndarray[Any, Any], small: bool) -> bytes:
    """The picture with its faces marked, a JPEG."""
    import PIL.Image

    drawn = result.draw(image)
    if small:
        drawn = PIL.Image.fromarray(shrink(np.asarray(drawn), DRAWN_SIDE))
    buffer = io.BytesIO()
    drawn.save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()


def _data_url(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
