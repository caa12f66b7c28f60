"""What a detector answers to one split, beside what is marked there; measures start from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """One picture: N faces that are marked, M boxes that were found. Pixels of the picture."""

    key: str
    width: int
    height: int
    truth: NDArray[np.float32]
    """(N, 4) as x1, y1, x2, y2."""
    ignored: NDArray[np.bool_]
    """(N,) faces that count neither as found nor as missed."""
    subsets: Mapping[str, NDArray[np.bool_]]
    """Name → (N,), such as ``easy``; may be empty."""
    boxes: NDArray[np.float32]
    """(M, 4)."""
    scores: NDArray[np.float32]
    """(M,), best first."""
    ms: float
    """Wall time of detecting, without decoding the picture."""


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """A detector's answers to every picture of one split."""

    detector: str
    """Its name, as people read it."""
    dataset: str
    split: str
    answers: tuple[Answer, ...]
    skipped: tuple[str, ...] = ()
    """Pictures that could not be read, with the reason."""
    threshold: float = 0.0
    """The score at which the detector is used; the answers may hold boxes below it."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """JSON-ready: the detector's settings, hardware, peak memory in MiB and the like."""
