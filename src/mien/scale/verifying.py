"""Checks a job's files against its manifest, and its manifest against the sources."""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mien.errors import ConfigError, InputError
from mien.extras import require_extra
from mien.scale.answers import Answers
from mien.scale.fetching import check_state, file_sha256, read_picture, video_file
from mien.scale.inputs import Input
from mien.scale.job import Job
from mien.scale.shards import Shard
from mien.scale.tar import read_tar


@dataclass(frozen=True)
class Problem:
    """What is wrong, on one line."""

    text: str
    shard: bool
    """Whether it is a file of the job; else it is an input."""


def verify(folder: Path, *, inputs: bool = True, content: bool = False) -> Iterator[Problem]:
    """What is wrong with a job's files; and with ``inputs``, which of those have changed since.

    Of a shard: its files are there, whole, and of this manifest; every input has one row; there are
    as many faces as the rows say. ``content``: inputs are read, and their hashes compared. Raises
    ``ConfigError`` for a folder of no job.
    """
    require_extra("scale", "mien corpus")
    job = Job(folder)
    for shard in job.shards:
        if not job.faces_path(shard).exists():
            yield Problem(f"shard {shard.name} is not done yet", shard=True)
            continue
        if job.facts(shard) is None:
            yield Problem(
                f"{str(job.faces_path(shard))!r} is damaged, or of an earlier manifest", shard=True
            )
            continue
        try:
            answers = job.answers(shard)
        except ConfigError as error:
            yield Problem(str(error), shard=True)
            continue
        for text in _wrong(job, shard, answers):
            yield Problem(f"shard {shard.name} {text}", shard=True)
        if inputs:
            yield from _changed(job, shard, answers, content)


def _wrong(job: Job, shard: Shard, answers: Answers) -> Iterator[str]:
    import numpy as np

    numbers = answers.inputs.column("input").to_numpy()
    if not np.array_equal(numbers, np.arange(shard.start, shard.stop)):
        yield f"has {len(numbers):,} rows for {len(shard):,} inputs, or others than these"
        return
    faces = answers.faces.column("input").to_numpy()
    counted = np.bincount(faces - shard.start, minlength=len(shard)) if len(faces) else 0
    if not (answers.inputs.column("faces").to_numpy() == counted).all():
        yield "has other faces than its inputs say"
    if job.settings.crops:
        try:
            read_tar(job.crops_path(shard))
        except (OSError, tarfile.TarError):
            yield "has no crops, or their tar is damaged"


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
