"""A video that is analysed in the background, as it is on the disk and as clients see it."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, cast

from mien.errors import ConfigError
from mien.media.video.choice import Choice
from mien.parsing import parse_json
from mien.tracking.smoothing import TIME_CONSTANT_S

State = Literal["queued", "running", "done", "failed", "cancelled"]
STATES: tuple[State, ...] = ("queued", "running", "done", "failed", "cancelled")
_FORMAT = 2
"""Jobs of format 1 were owned by a name, which says nothing sure: they are dropped."""
_MOST_JSON = 1 << 16
_ID = re.compile("[0-9a-f]{24}")


@dataclass(frozen=True, slots=True)
class VideoOptions:
    """How a video is analysed: parameters of ``Recognizer.video``."""

    every: int | None = None
    fps: float | None = None
    smooth: float = TIME_CONSTANT_S
    offline: bool = False
    detect_every: int = 1
    classify_every: float = 0.0

    def check(self) -> None:
        """Raise ``ConfigError`` for options that do not go together."""
        Choice(start=0.0, end=None, every=self.every, fps=self.fps)
        if self.offline and not self.smooth:
            raise ConfigError("offline averages over seconds: give smooth above 0, or leave it out")


@dataclass(slots=True)
class Progress:
    """How far a job is."""

    frames: int = 0
    of: int | None = None
    """About how many frames there are, if the file says so."""
    time_s: float = 0.0
    """Of the last frame."""
    duration_s: float | None = None


@dataclass(slots=True)
class Job:
    """One video. Times are seconds since 1970."""

    id: str
    owner: str
    """``Who.id`` of who brought it, and alone may see it."""
    name: str
    options: VideoOptions
    state: State = "queued"
    created: float = field(default_factory=time.time)
    touched: float = field(default_factory=time.time)
    """When it last ran, or was brought."""
    ended: float | None = None
    starts: int = 0
    """How often it was begun and not ended in order: a video may bring a server down."""
    progress: Progress = field(default_factory=Progress)
    problem: dict[str, Any] | None = None
    people: int | None = None
    notes: list[str] = field(default_factory=list)
    """What is wrong with the video, where some of it could be read."""
    is_cancelled: bool = False
    """Asked to end; not on the disk."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes."""
        return self.state not in ("queued", "running")

    def public(self) -> dict[str, Any]:
        """What clients see."""
        found: dict[str, Any] = {
            "id": self.id, "state": self.state, "name": self.name,
            "created": round(self.created, 3), "options": asdict(self.options),
            "progress": asdict(self.progress), "notes": self.notes,
            "problem": self.problem, "people": self.people,
        }  # fmt: skip
        found["progress"]["time_s"] = round(self.progress.time_s, 3)
        return found

    def to_json(self) -> bytes:
        """The file of the job."""
        values = asdict(self)
        del values["is_cancelled"]
        return json.dumps({"format": _FORMAT, **values}).encode()


def new_job(owner: str, name: str, options: VideoOptions) -> Job:
    """A job with a random id."""
    return Job(secrets.token_hex(12), owner, name, options)


def is_id(name: str) -> bool:
    """Whether a name is one that ``new_job`` gives."""
    return _ID.fullmatch(name) is not None


def job_of(data: bytes) -> Job:
    """The job of a file. Raises ``ValueError`` for anything that ``Job.to_json`` does not write."""
    values = parse_json(data, most=_MOST_JSON)
    if not isinstance(values, dict) or values.pop("format", None) != _FORMAT:
        raise ValueError("it is not the file of a job")
    known = {one.name for one in fields(Job)}
    if not set(values) <= known or values.get("state") not in STATES:
        raise ValueError("it has other fields than a job")
    try:
        values["options"] = VideoOptions(**cast("Mapping[str, Any]", values["options"]))
        values["progress"] = Progress(**cast("Mapping[str, Any]", values["progress"]))
        return Job(**values)
    except (TypeError, KeyError) as error:
        raise ValueError("it has other fields than a job") from error
