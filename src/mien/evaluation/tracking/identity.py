"""Whether a person keeps one number: IDF1 (Ristani et al. 2016) and identity switches."""

from __future__ import annotations

import numpy as np

from mien.evaluation.tracking.frames import Frames
from mien.tracking.assignment import assign

FOUND = 0.5
"""The overlap from which a face counts as found."""
_ROUNDING = np.finfo(float).eps


def idf1(stream: Frames) -> float:
    """F1 of faces with the right number, in [0, 1], when each person is given the best track.

    1 for a stream without any face.
    """
    true_counts, track_counts = stream.counts()
    together = np.zeros((stream.truths, stream.tracks))
    for frame in stream.frames:
        near = frame.overlap >= FOUND
        together[np.ix_(frame.truth, frame.tracked)] += near
    right = together[assign(together)].sum()
    faces = true_counts.sum() + track_counts.sum()
    return float(2 * right / faces) if faces else 1.0


def identity_switches(stream: Frames) -> int:
    """How often a person who is found has another number than when last found.

    Faces are matched as CLEAR MOT does (Bernardin and Stiefelhagen 2008): a pair of the frame
    before stays together as long as it overlaps by ``FOUND``; the others by the largest overlap.
    """
    last = np.full(stream.truths, -1)  # the track by which each person was found last
    before = np.full(stream.truths, -1)  # and in the frame before
    switches = 0
    for frame in stream.frames:
        fits = frame.overlap + 1000 * (frame.tracked == before[frame.truth][:, None])
        fits[frame.overlap < FOUND - _ROUNDING] = 0
        rows, columns = assign(fits)
        kept = fits[rows, columns] > _ROUNDING
        truth, tracked = frame.truth[rows[kept]], frame.tracked[columns[kept]]
        switches += int(((last[truth] >= 0) & (last[truth] != tracked)).sum())
        last[truth] = tracked
        before[:] = -1
        before[truth] = tracked
    return switches
