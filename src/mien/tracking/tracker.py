"""Who is who from frame to frame."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from mien.errors import ConfigError, InputError
from mien.tracking.cuts import THRESHOLD, SceneCuts
from mien.tracking.looks import look
from mien.tracking.track import Found, Track, match
from mien.types import Face

KEEP_S = 3.0
"""Seconds for which a person who is not seen keeps the number."""
LEAST_LIKENESS, LEAST_UNSURE = 0.15, 0.4
"""Likeness from which a face continues a track: for a sure face, and for an unsure one."""
UNSURE_SHARE = 0.5
"""Faces from this share of the score threshold may continue a track."""


class Tracker:
    """Numbers the persons of one stream of frames; make one for each stream.

    Faces are assigned to tracks in stages, as in ByteTrack (Zhang et al. 2022): sure faces, those
    with a score of ``score_threshold`` or more, continue the tracks that were seen last; unsure
    ones continue what is left of these; the sure ones that are left continue tracks that are lost
    for less than ``keep_s`` seconds, and then start new ones. What fits is the overlap with the
    place that is predicted by time (``mien.tracking.kalman``), so any frame rate fits, and one that
    varies; the landmarks, if there are any; and the colours, if frames are given. A face continues
    one track at most, so two faces of a frame are never the same person. A cut ends every track,
    and so does another size of the frames, in which places mean others.

    A person gets a number, from 1 and never again, when a face is found in two frames running: a
    false alarm of one frame is nobody. In the first frame, and the first after a cut or a gap of
    more than ``keep_s``, the number is given at once.

    With the default ``score_threshold`` of 0 every face is sure, as those of a detector's own
    threshold are. To use unsure faces too, give the detector's threshold here and detect with
    ``unsure_threshold``::

        tracker = Tracker(score_threshold=detector.score_threshold)
        faces = tracker.update(detector.detect(image, tracker.unsure_threshold), time_s, image)

    Raises ``ConfigError`` for values out of range.
    """

    def __init__(
        self,
        *,
        score_threshold: float = 0.0,
        keep_s: float = KEEP_S,
        cut_threshold: float = THRESHOLD,
    ) -> None:
        if not 0 <= score_threshold <= 1:
            raise ConfigError(f"score_threshold must be from 0 to 1, got {score_threshold}")
        if not 0 <= keep_s < math.inf:
            raise ConfigError(f"keep_s must be 0 seconds or more, got {keep_s}")
        self._threshold, self._keep_s = score_threshold, keep_s
        self._cuts = SceneCuts(cut_threshold)
        self._size: tuple[int, ...] | None = None  # of the frames
        self._tracks: list[Track] = []
        self._last: float | None = None
        self._numbers = 0

    @property
    def unsure_threshold(self) -> float:
        """The score from which faces should be given, so that unsure ones are among them."""
        return self._threshold * UNSURE_SHARE

    def update(
        self, faces: Iterable[Face], time_s: float, image: NDArray[np.uint8] | None = None
    ) -> tuple[Face, ...]:
        """The faces of a frame, in their order, with ``track_id`` set.

        ``time_s`` must be later than that of the frame before. ``image``, (H, W, 3) uint8, is the
        frame: cuts are found in it, and people who cross are told apart by their colours; without
        it, places alone count. A face that is seen for the first time has the ``track_id``
        ``None``; unsure faces that continue no track are left out. Raises ``InputError`` for a time
        that is not later, another kind of image, and numbers that are not finite; the tracker then
        stays as it was.
        """
        checked = _checked(faces)
        if image is not None:
            _check_frame(image)
        first = self._advance(time_s)
        if image is not None and self._is_new_scene(image):
            self._tracks, first = [], True
        found = [
            Found(face, None if image is None else look(image, face.box), time_s)
            for face in checked
        ]
        taken = self._continue(found, time_s)
        for index, one in enumerate(found):
            if index not in taken and one.face.score >= self._threshold:
                taken[index] = track = Track(one)
                self._tracks.append(track)
                if first:
                    self._number(track)
        return tuple(
            replace(one.face, track_id=taken[index].number)
            for index, one in enumerate(found)
            if index in taken
        )

    def predict(self, time_s: float) -> tuple[Face, ...]:
        """Where the persons that were seen last are at ``time_s``, between two updates.

        For frames in which nothing is detected. Scores and landmarks are those of the last update,
        moved with the box. The tracker stays as it is.
        """
        if self._last is None:
            return ()
        _check_time(time_s, self._last)
        seen = [t for t in self._tracks if t.seen_s == self._last and t.number is not None]
        return tuple(track.at(time_s - self._last) for track in seen)

    def _advance(self, time_s: float) -> bool:
        """Move every track to ``time_s`` and end the old ones; whether this starts the stream."""
        if self._last is not None:
            _check_time(time_s, self._last)
        elif not math.isfinite(time_s):
            raise InputError(f"time_s must be a number of seconds, got {time_s}")
        before, self._last = self._last, time_s
        self._tracks = [t for t in self._tracks if time_s - t.seen_s <= self._keep_s]
        for track in self._tracks:
            track.advance(time_s)
        return before is None or time_s - before > self._keep_s

    def _is_new_scene(self, image: NDArray[np.uint8]) -> bool:
        before, self._size = self._size, image.shape
        resized = before is not None and image.shape != before
        return self._cuts.is_cut(image) or resized

    def _continue(self, found: Sequence[Found], time_s: float) -> dict[int, Track]:
        """The tracks that go on, by the index of their face; false alarms are removed."""
        scores = [one.face.score for one in found]
        sure = [i for i, score in enumerate(scores) if score >= self._threshold]
        unsure = [i for i, score in enumerate(scores)
                  if self.unsure_threshold <= score < self._threshold]  # fmt: skip
        known = [track for track in self._tracks if track.number is not None]
        once = [track for track in self._tracks if track.number is None]
        recent = [track for track in known if not track.lost]
        lost = [track for track in known if track.lost]
        taken: dict[int, Track] = {}
        for tracks, indices, least in (
            (recent, sure, LEAST_LIKENESS),
            (recent, unsure, LEAST_UNSURE),
            (lost, sure, LEAST_LIKENESS),
            (once, sure, LEAST_LIKENESS),
        ):
            free = [i for i in indices if i not in taken]
            left = [track for track in tracks if track.seen_s < time_s]
            matched = match(left, [found[i] for i in free], least)
            taken |= {free[index]: track for index, track in matched.items()}
        for track in once:
            if track.seen_s == time_s:
                self._number(track)
        self._tracks = [track for track in self._tracks if track.number is not None]
        for track in self._tracks:
            track.lost = track.seen_s < time_s
        return taken

    def _number(self, track: Track) -> None:
        self._numbers += 1
        track.number = self._numbers


def _check_time(time_s: float, last: float) -> None:
    if not last < time_s < math.inf:
        raise InputError(
            f"time_s must be later than that of the frame before, {last}, got {time_s}"
        )


def _check_frame(image: NDArray[np.uint8]) -> None:
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
        raise InputError(
            f"a tracker takes frames that are (H, W, 3) uint8, got {image.shape} {image.dtype}"
        )


def _checked(faces: Iterable[Face]) -> list[Face]:
    found = list(faces)
    for face in found:
        numbers = [*face.box.to_list(), face.score, *chain(*(face.landmarks or ()))]
        if not all(map(math.isfinite, numbers)):
            raise InputError(f"a tracker takes boxes, scores and landmarks that are finite: {face}")
    return found
