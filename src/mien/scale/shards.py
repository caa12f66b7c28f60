"""Shards: which inputs are analysed together, and written as one file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from mien.scale.inputs import Input
from mien.scale.manifest import Manifest

SIZE = 500
"""Default number of pictures in a shard: some seconds of work, which a kill may cost."""

_VIDEO = 20  # a byte of a video is so much more work than one of a JPEG


@dataclass(frozen=True, slots=True)
class Shard:
    """The inputs of a manifest with the numbers from ``start`` to ``stop``, without the last."""

    number: int
    start: int
    stop: int
    work: int
    """About how much it takes: the bytes of its pictures, or of its video many times over."""

    def __len__(self) -> int:
        return self.stop - self.start

    @property
    def name(self) -> str:
        """The stem of its files."""
        return f"{self.number:06d}"


def divide(manifest: Manifest, size: int) -> list[Shard]:
    """The shards of a manifest: ``size`` pictures in a row each; a video is one of its own."""
    import numpy as np

    is_video = manifest.column("video")
    work = manifest.column("size") * np.where(is_video, _VIDEO, 1)
    ends = np.concatenate([[0], np.cumsum(work)])
    videos = np.flatnonzero(is_video).tolist()
    shards: list[Shard] = []

    def add(start: int, stop: int) -> None:
        shards.append(Shard(len(shards), start, stop, int(ends[stop] - ends[start])))

    begin = 0
    for video in [*videos, len(manifest)]:
        for start in range(begin, video, size):
            add(start, min(start + size, video))
        if video < len(manifest):
            add(video, video + 1)
        begin = video + 1
    return shards


def fingerprint(inputs: Iterable[Input]) -> str:
    """A hash of how the inputs of a shard were listed: its files count while that is the same."""
    whole = hashlib.sha256()
    for each in inputs:
        whole.update(repr(each.state()).encode("utf-8", "backslashreplace") + b"\n")
    return whole.hexdigest()
