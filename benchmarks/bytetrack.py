"""Two trackers to compare with: ByteTrack as published, and the nearest box.

``ByteTrack`` follows the paper (Zhang et al. 2022) and the settings of its program: a Kalman filter
over centre, aspect and height with noise a frame, scores fused into the overlap, thresholds of 0.6
and 0.1, matches down to an overlap of 0.1 (scores fused), 0.5 in the second stage and 0.3 for
unconfirmed tracks, a memory of 30 frames at 30 frames a second. It counts frames and sees no time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mien.tracking.assignment import assign_above
from mien.types import Box, Face

HIGH, LOW, NEW = 0.6, 0.1, 0.7
FIRST, SECOND, UNCONFIRMED = 0.1, 0.5, 0.3
DUPLICATE = 0.85
PLACE, SPEED = 1 / 20, 1 / 160


class Nearest:
    """Each face, best score first, has the number of the nearest box of the frame before, if that
    is less than its own side away.
    """

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._before: list[Face] = []
        self._numbers = 0

    def update(self, faces: Sequence[Face]) -> list[Face]:
        """The faces of a frame that have a number."""
        free, now = list(self._before), []
        for face in sorted(faces, key=lambda face: -face.score):
            if face.score < self._threshold:
                continue
            near = min(free, key=lambda other: _apart(face, other), default=None)
            if near is not None and _apart(face, near) < face.box.height:
                free.remove(near)
                number = near.track_id
            else:
                self._numbers += 1
                number = self._numbers
            now.append(replace(face, track_id=number))
        self._before = now
        return now


def _apart(one: Face, other: Face) -> float:
    return math.dist(one.box.center, other.box.center)


class _Track:
    """State (8,): x, y, aspect, height, and their velocities a frame."""

    def __init__(self, face: Face, frame: int) -> None:
        self.number: int | None = None
        self.started = self.seen = frame
        self.lost = False
        self.mean = np.append(_measured(face.box), np.zeros(4))
        h = self.mean[3]
        std = [2 * PLACE * h, 2 * PLACE * h, 1e-2, 2 * PLACE * h,
               10 * SPEED * h, 10 * SPEED * h, 1e-5, 10 * SPEED * h]  # fmt: skip
        self.covariance = np.diag(np.square(std))

    def predict(self) -> None:
        if self.lost:
            self.mean[7] = 0
        h = self.mean[3]
        std = [PLACE * h, PLACE * h, 1e-2, PLACE * h, SPEED * h, SPEED * h, 1e-5, SPEED * h]
        motion = np.eye(8) + np.eye(8, k=4)
        self.mean = motion @ self.mean
        self.covariance = motion @ self.covariance @ motion.T + np.diag(np.square(std))

    def update(self, face: Face, frame: int) -> None:
        h = self.mean[3]
        noise = np.diag(np.square([PLACE * h, PLACE * h, 1e-1, PLACE * h]))
        total = self.covariance[:4, :4] + noise
        gain = np.linalg.solve(total, self.covariance[:4]).T  # (8, 4)
        self.mean = self.mean + gain @ (_measured(face.box) - self.mean[:4])
        self.covariance = self.covariance - gain @ total @ gain.T
        self.seen, self.lost = frame, False

    @property
    def box(self) -> Box:
        x, y, aspect, h = self.mean[:4].tolist()
        return Box(x - aspect * h / 2, y - h / 2, x + aspect * h / 2, y + h / 2)


def _measured(box: Box) -> NDArray[np.float64]:
    return np.array([*box.center, box.width / box.height, box.height])


class ByteTrack:
    """The published tracker; ``rate`` sets its memory."""

    def __init__(self, rate: float) -> None:
        self._memory = int(rate)
        self._frame = 0
        self._numbers = 0
        self._tracks: list[_Track] = []

    def update(self, faces: Sequence[Face]) -> list[Face]:
        """The faces of a frame that have a number."""
        self._frame += 1
        high = [face for face in faces if face.score > HIGH]
        low = [face for face in faces if LOW < face.score <= HIGH]
        known = [track for track in self._tracks if track.number is not None]
        once = [track for track in self._tracks if track.number is None]
        for track in known:
            track.predict()
        out: list[Face] = []
        left, high = self._match(known, high, FIRST, True, out)
        left, _ = self._match([t for t in left if not t.lost], low, SECOND, False, out)
        once, high = self._match(once, high, UNCONFIRMED, True, out)
        fresh = [_Track(face, self._frame) for face in high if face.score >= NEW]
        self._tracks = [
            track for track in self._tracks
            if track not in once and self._frame - track.seen <= self._memory
        ]  # fmt: skip
        for track in self._tracks:
            track.lost = track.seen < self._frame
        self._without_duplicates()
        if self._frame == 1:
            for track, face in zip(fresh, [f for f in high if f.score >= NEW], strict=True):
                out.append(self._numbered(track, face))
        self._tracks += fresh
        return out

    def _match(
        self, tracks: list[_Track], faces: list[Face], least: float, fused: bool, out: list[Face]
    ) -> tuple[list[_Track], list[Face]]:
        """The tracks and faces that are left."""
        values = np.array(
            [[t.box.iou(f.box) * (f.score if fused else 1) for f in faces] for t in tracks]
        ).reshape(len(tracks), len(faces))
        pairs = assign_above(values, least)
        for row, column in pairs:
            tracks[row].update(faces[column], self._frame)
            out.append(self._numbered(tracks[row], faces[column]))
        rows, columns = {row for row, _ in pairs}, {column for _, column in pairs}
        return (
            [track for i, track in enumerate(tracks) if i not in rows],
            [face for i, face in enumerate(faces) if i not in columns],
        )

    def _numbered(self, track: _Track, face: Face) -> Face:
        if track.number is None:
            self._numbers += 1
            track.number = self._numbers
        return replace(face, track_id=track.number)

    def _without_duplicates(self) -> None:
        """Of a seen and a lost track at the same place the older stays."""
        for lost in [track for track in self._tracks if track.lost]:
            for seen in [track for track in self._tracks if not track.lost]:
                if seen.box.iou(lost.box) > DUPLICATE:
                    younger = lost.seen - lost.started <= seen.seen - seen.started
                    gone = lost if younger else seen
                    if gone in self._tracks:
                        self._tracks.remove(gone)
