"""HOTA: how well faces are found and kept apart, in one number (Luiten et al. 2021)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.evaluation.tracking.frames import Frames
from mien.tracking.assignment import assign

Floats = NDArray[np.float64]

ALPHAS = np.arange(0.05, 0.99, 0.05)
"""The overlaps from which a face counts as found."""
_ROUNDING = np.finfo(float).eps


@dataclass(frozen=True, slots=True)
class Hota:
    """Means over the overlaps ``ALPHAS``, each in [0, 1]."""

    hota: float
    """Mean of the geometric means of detection and association accuracy."""
    detection: float
    """DetA: found faces among the found, missed and false ones."""
    association: float
    """AssA: how far the track of a found face is the same over the person's whole time."""


def hota(stream: Frames) -> Hota:
    """HOTA of a stream; all 0 without a face."""
    true_counts, track_counts = stream.counts()
    both = true_counts[:, None] + track_counts  # (truths, tracks)
    alike = np.zeros(both.shape)
    for frame in stream.frames:
        whole = frame.overlap.sum(axis=0) + frame.overlap.sum(axis=1)[:, None] - frame.overlap
        share = np.divide(frame.overlap, whole, out=np.zeros_like(whole), where=whole > _ROUNDING)
        alike[np.ix_(frame.truth, frame.tracked)] += share
    alike = alike / np.maximum(both - alike, _ROUNDING)
    together = np.zeros((len(ALPHAS), *both.shape))  # frames in which a pair is matched
    for frame in stream.frames:
        fits = alike[np.ix_(frame.truth, frame.tracked)] * frame.overlap
        rows, columns = assign(fits)
        near = frame.overlap[rows, columns] >= ALPHAS[:, None] - _ROUNDING
        together[:, frame.truth[rows], frame.tracked[columns]] += near
    found = together.sum(axis=(1, 2))  # (alphas,)
    faces = true_counts.sum() + track_counts.sum()
    detection = found / np.maximum(faces - found, 1)
    kept = together / np.maximum(both - together, 1)
    association = (together * kept).sum(axis=(1, 2)) / np.maximum(found, 1)
    values = np.sqrt(detection * association)
    return Hota(float(values.mean()), float(detection.mean()), float(association.mean()))
