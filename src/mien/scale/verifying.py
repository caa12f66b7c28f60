"""Checks a job's files against its manifest, and its manifest against the sources."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mien.errors import InputError
from mien.extras import require_extra
from mien.scale.answers import Answers
from mien.scale.fetching import check_state, file_sha256, read_picture, video_file
from mien.scale.inputs import Input
from mien.scale.job import Job
from mien.scale.shards import Shard


@dataclass(frozen=True)
class Problem:
    """What is wrong, on one line."""

    text: str
    shard: bool
    """Whether it is a file of the job; else it is an input."""


def verify(folder: Path, *, inputs: bool = True, content: bool = False) -> Iterator[Problem]:
    """What is wrong with a job's files; and with ``inputs``, which of those have changed since.

    Of a shard: its files are there, as they were written, and of this manifest; every input has one
    row; there are as many faces as the rows say. ``content``: inputs are read, and their hashes
    compared. Raises ``ConfigError`` for a folder of no job.
    """
    require_extra("scale", "mien corpus")
    job = Job(folder)
    for shard in job.shards:
        facts = job.facts(shard)
        if facts is None:
            why = "is of an earlier manifest" if job.facts_path(shard).exists() else "is not done"
            yield Problem(f"shard {shard.name} {why}: run the job again", shard=True)
            continue
        damaged = [name for name, known in facts["files"].items() if _hash(folder / name) != known]
        for name in damaged:
            text = f"{str(folder / name)!r} is missing or damaged: remove "
            yield Problem(f"{text}{job.facts_path(shard).name}, and run again", shard=True)
        if damaged:
            continue
        answers = job.answers(shard)
        for text in _wrong(shard, answers):
            yield Problem(f"shard {shard.name} {text}", shard=True)
        if inputs:
            yield from _changed(job, shard, answers, content)


def _hash(path: Path) -> str:
    try:
        return file_sha256(str(path))
    except OSError:
        return ""


def _wrong(shard: Shard, answers: Answers) -> Iterator[str]:
    import numpy as np

    numbers = answers.inputs.column("input").to_numpy()
    if not np.array_equal(numbers, np.arange(shard.start, shard.stop)):
        yield f"has {len(numbers):,} rows for {len(shard):,} inputs, or others than these"
        return
    faces = answers.faces.column("input").to_numpy()
    counted = np.bincount(faces - shard.start, minlength=len(shard)) if len(faces) else 0
    if not (answers.inputs.column("faces").to_numpy() == counted).all():
        yield "has other faces than its inputs say"


def _changed(job: Job, shard: Shard, answers: Answers, content: bool) -> Iterator[Problem]:
    hashes = answers.inputs.column("sha256").to_pylist()
    listed = job.manifest.inputs(shard.start, shard.stop)
    for each, known in zip(listed, hashes, strict=True):
        try:
            check_state(each)
            if content and known is not None and _sha256(each) != known:
                yield Problem(f"{each.source!r} has other bytes than were analysed", shard=False)
        except InputError as error:
            yield Problem(str(error), shard=False)


def _sha256(each: Input) -> Any:
    if each.video:
        with video_file(each) as path:
            return file_sha256(path)
    return hashlib.sha256(read_picture(each)).hexdigest()
