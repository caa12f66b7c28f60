"""``/v1/videos``: videos that are analysed in the background."""

from __future__ import annotations

import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from starlette.requests import ClientDisconnect

from mien.errors import OutputError
from mien.reading import read_file
from mien.server.access.roles import Who, needs
from mien.server.access.who import ANYBODY
from mien.server.context import Context, context_of
from mien.server.jobs.following import events, result_lines
from mien.server.jobs.job import Job, State, VideoOptions, new_job
from mien.server.jobs.store import PEOPLE, RESULTS, SPARE, not_stored
from mien.server.jobs.table import csv_lines
from mien.server.jobs.upload import receive_video
from mien.server.pictures import given_name
from mien.server.problems import Problem
from mien.types import result_columns

router = APIRouter(prefix="/v1/videos", tags=["videos"])

_MOST_FRAMES = 2**31 - 1
_RESULTS = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}
Analyst = Annotated[Who, Depends(needs("analyse"))]
Shared = Annotated[Context, Depends(context_of)]
Id = Annotated[str, Path(max_length=64, description="The job's id.")]


class ProgressOf(BaseModel):
    """How far a job is."""

    frames: int
    of: int | None = Field(description="About how many there are; null where the file is silent.")
    time_s: float
    duration_s: float | None


class Video(BaseModel):
    """A video and how its analysis stands."""

    id: str
    state: State
    name: str
    created: float = Field(description="Seconds since 1970.")
    options: dict[str, Any]
    progress: ProgressOf
    notes: list[str] = Field(description="What is wrong with a video of which some could be read.")
    problem: dict[str, Any] | None = None
    people: int | None = None


class Videos(BaseModel):
    """The own videos, the oldest first."""

    videos: list[Video]


class Stretch(BaseModel):
    """Some seconds of one expression."""

    start_s: float
    end_s: float
    expression: str
    prob: float | None = None


class PersonOf(BaseModel):
    """A person of a video."""

    track_id: int
    first_s: float
    last_s: float
    seen_s: float
    usable_s: float
    shares: dict[str, float] = Field(description="Expression → share of the seconds seen.")
    longest: Stretch
    segments: list[Stretch]
    left_out: int = Field(description="Shorter segments that are not listed.")


class People(BaseModel):
    """The people of a video."""

    begin_s: float
    end_s: float
    frames: int
    people: list[PersonOf]
    others: int = Field(description="People seen for too short a time to be listed.")


_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "video/*": {"schema": {"type": "string", "format": "binary"}},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"video": {"type": "string", "format": "binary"}},
                    "required": ["video"],
                }
            },
        },
    }
}


@router.post(
    "", status_code=202, response_model=Video, response_model_exclude_none=False,
    openapi_extra=_BODY,
)  # fmt: skip
async def send_video(
    request: Request,
    response: Response,
    who: Analyst,
    context: Shared,
    every: Annotated[int | None, Query(ge=1, le=100_000, description="Every N-th frame.")] = None,
    fps: Annotated[float | None, Query(gt=0, le=1000, description="Frames a second.")] = None,
    smooth: Annotated[float, Query(ge=0, le=60, description="Seconds to average over.")] = (
        VideoOptions().smooth
    ),
    offline: Annotated[bool, Query(description="Average over later frames too.")] = False,
    detect_every: Annotated[int, Query(ge=1, le=1000)] = 1,
    classify_every: Annotated[float, Query(ge=0, le=60)] = 0.0,
    name: Annotated[str | None, Query(max_length=255)] = None,
) -> Any:
    """Send a video. It is deleted when it has been analysed; results are kept for a day."""
    options = VideoOptions(every, fps, smooth, offline, detect_every, classify_every)
    options.check()
    job = new_job(who.id, "video", options)
    try:
        with context.jobs.arriving(job) as path:
            given = await receive_video(request, path, SPARE)
            job.name = _plain(given_name(request) or given or "video")
            job.touched = time.time()
    except ClientDisconnect:  # or Bodies has answered already
        raise Problem(400, "the video did not arrive whole") from None
    except OutputError as error:
        raise Problem(503, not_stored(error), {"Retry-After": "600"}) from None
    response.headers["Location"] = f"{router.prefix}/{job.id}"
    return job.public()


@router.get("", response_model=Videos)
def get_videos(who: Analyst, context: Shared) -> Any:
    """The videos that you sent."""
    return {"videos": [job.public() for job in context.jobs.of(_owners(context, who))]}


@router.get("/{number}", response_model=Video)
def get_video(who: Analyst, context: Shared, number: Id) -> Any:
    """How the analysis of a video stands."""
    return _find(context, who, number).public()


@router.delete("/{number}", status_code=204)
def delete_video(who: Analyst, context: Shared, number: Id) -> Response:
    """Cancel the analysis, and delete the video and its results."""
    context.jobs.remove(_find(context, who, number))
    return Response(status_code=204)


@router.get(
    "/{number}/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "Events."}},
)
async def follow_video(who: Analyst, context: Shared, number: Id) -> StreamingResponse:
    """Events ``progress``, and at the end ``done`` or ``failed``, each with the video's object."""
    job = _find(context, who, number)
    return _stream(context, who, events(job, context.stopping), "text/event-stream")


@router.get(
    "/{number}/results",
    response_class=StreamingResponse,
    responses={
        200: {"content": {kind: {} for kind in _RESULTS.values()}, "description": "A line each."}
    },
)
async def get_results(
    who: Analyst,
    context: Shared,
    number: Id,
    start: Annotated[
        int, Query(alias="from", ge=0, le=_MOST_FRAMES, description="Number of the first result.")
    ] = 0,
    form: Annotated[
        Literal["jsonl", "csv"], Query(alias="format", description="A result or a face a line.")
    ] = "jsonl",
) -> StreamingResponse:
    """The results, a JSON object a line, or CSV with a row a face.

    Those of a video that is being analysed come as they are found.
    """
    job = _find(context, who, number)
    path = context.jobs.store.path(job, RESULTS)
    lines = result_lines(job, path, start, context.stopping)
    if form == "csv":
        spec = context.recognizer.classifier.spec
        columns = result_columns(spec.labels, affect=bool(spec.affect), frames=True)
        lines = csv_lines(lines, path, columns)
    return _stream(context, who, lines, _RESULTS[form])


@router.get("/{number}/people", response_model=People)
def get_people(who: Analyst, context: Shared, number: Id) -> Any:
    """Each person's seconds, shares and segments, once the analysis is done."""
    job = _find(context, who, number)
    if job.state != "done":
        raise Problem(409, f"the analysis is not done: it is {job.state}")
    try:
        found = read_file(context.jobs.store.path(job, PEOPLE))
    except OSError:  # removed a moment ago
        raise _gone() from None
    return Response(found, media_type="application/json")


def _stream(context: Context, who: Who, parts: Any, kind: str) -> StreamingResponse:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(
        context.followers.held(parts, who.id), media_type=kind, headers=headers
    )


def _find(context: Context, who: Who, number: str) -> Job:
    job = context.jobs.find(_owners(context, who), number)
    if job is None:
        raise _gone()
    return job


def _gone() -> Problem:
    return Problem(404, "you have no such video: it was deleted, or its day is over")


def _owners(context: Context, who: Who) -> set[str]:
    """Whose videos somebody may see: while anybody on this machine may send some, also those."""
    return {who.id, ANYBODY.id} if context.access.is_open else {who.id}


def _plain(name: str) -> str:
    """A name of a file, without folders and characters that act on a terminal."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(one for one in last if one.isprintable())[:255] or "video"
