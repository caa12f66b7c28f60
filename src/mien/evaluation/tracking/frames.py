"""What is compared: the persons there are and those that a tracker says, frame by frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.errors import InputError
from mien.evaluation.detection.matching import overlap
from mien.types import Face

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One frame: N true persons, M tracked ones."""

    truth: Indices
    """(N,) from 0; each at most once."""
    tracked: Indices
    """(M,) from 0; each at most once."""
    overlap: Floats
    """(N, M) IoU of their boxes, in [0, 1]."""


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """A whole stream, with persons counted from 0."""

    frames: tuple[Frame, ...]
    truths: int
    """How many true persons there are."""
    tracks: int
    """How many tracks there are."""

    def counts(self) -> tuple[Indices, Indices]:
        """In how many frames each true person, (truths,), and each track, (tracks,), is."""
        return _count([f.truth for f in self.frames], self.truths), _count(
            [f.tracked for f in self.frames], self.tracks
        )


def compare_frames(pairs: Iterable[tuple[Sequence[Face], Sequence[Face]]]) -> Frames:
    """The true and the tracked faces of each frame, both with a ``track_id``, as ``Frames``.

    Tracked faces without a number are left out: they are nobody yet. Raises ``InputError`` for a
    number twice in a frame.
    """
    truths: dict[int | None, int] = {}
    tracks: dict[int | None, int] = {}
    frames = []
    for true, all_tracked in pairs:
        tracked = [face for face in all_tracked if face.track_id is not None]
        frames.append(
            Frame(
                _numbers(true, truths),
                _numbers(tracked, tracks),
                overlap(_boxes(true), _boxes(tracked)),
            )
        )
    return Frames(tuple(frames), len(truths), len(tracks))


def _numbers(faces: Sequence[Face], known: dict[int | None, int]) -> Indices:
    found = [known.setdefault(face.track_id, len(known)) for face in faces]
    if len(set(found)) < len(found):
        raise InputError("two faces of one frame have the same track_id: each is one person")
    return np.array(found, np.int64)


def _boxes(faces: Sequence[Face]) -> Floats:
    return np.array([face.box.to_list() for face in faces], np.float64).reshape(-1, 4)


def _count(ids: Sequence[Indices], length: int) -> Indices:
    every = np.concatenate([*ids, np.zeros(0, np.int64)])
    return np.bincount(every, minlength=length)
