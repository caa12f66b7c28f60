"""What was found in the frames of videos, kept so that a run that was stopped can go on.

Faces and the classifier's answers are kept, frame by frame. A run that goes on decodes the known
frames again and gives them to its tracker, smoother and sinks like any other: the state of none of
them has to be kept, and what comes out is the same to the last bit. Only the networks, which take
most of the time, have nothing to do there.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from mien.errors import ConfigError, OutputError, brief, one_line
from mien.face_reading import Answer, Detected
from mien.files import Closing, is_own_file, output_error, try_lock
from mien.journal import Journal
from mien.media.video.numbered import is_pattern, of_folder, of_pattern
from mien.parsing import are_numbers, is_whole
from mien.types import Box, Face
from mien.version import __version__

_NAME, _FORMAT = "journal", "frames of mien video, 1"
_HEAD = json.dumps({_NAME: _FORMAT}).encode().removesuffix(b"}")  # how every journal begins
_EVERY_S = 2.0  # of work may be lost by a kill


@dataclass(frozen=True, slots=True)
class KnownFrame:
    """A frame of an earlier run."""

    index: int
    searched: bool
    """Whether the whole frame was searched, not only places where persons should be."""
    faces: Sequence[Face]
    """As they were found, before they got numbers."""
    answers: Sequence[Answer]
    """Of the classifier, for those of the faces that the tracker gave back which were due."""


class FrameJournal(Closing):
    """A file of known frames, beside the output of a run; ``finish`` removes it.

    One process at a time can hold it. Raises ``OutputError`` where the file cannot be written, is
    another's, or is not a journal, and ``ConfigError`` for the journal of another run.
    """

    def __init__(self, path: Path, request: Mapping[str, Any], *, resume: bool = False) -> None:
        """``request``: names and JSON values of all that decides what is found in the frames.

        ``resume``: use what is known; else it is forgotten.
        """
        self.path, self._journal = path, Journal(path)
        self._request = json.loads(json.dumps(request))  # lists for tuples, as they are read
        try:
            if not is_own_file(path):
                raise OSError("it is a link, or not a file")
            self._file = path.open("ab")
        except OSError as error:
            raise output_error(repr(str(path)), error) from error
        try:
            if not try_lock(self._file, path):
                raise OutputError(f"cannot write {str(path)!r}: another process is writing to it")
            self._check_ours()
            self._known = self._read()
            header = next(self._known, None)
            self.found = header is not None
            """Whether an earlier run has left something."""
            if not resume:
                self._known, self._journal = iter(()), Journal(path)
            elif header is not None:
                self._check_same(header)
        except BaseException:
            self._file.close()
            raise
        self._started = resume and self.found
        self._new: list[Any] = []  # lines that wait
        self._saved = time.monotonic()

    def video(self, number: int) -> FramesOfVideo:
        """The part for the ``number``-th video of the run; one after the other."""
        return FramesOfVideo(self, number)

    def recall(self, video: int, index: int) -> KnownFrame | None:
        """The next frame, if it is known. Raises ``ConfigError`` where the journal has another."""
        known = next(self._known, None)
        if known is None:
            return None
        number, frame = known
        if (number, frame.index) != (video, index):
            raise self._other("its frames are others than those of the video")
        return cast("KnownFrame", frame)

    def add(self, video: int, frames: Iterable[KnownFrame]) -> None:
        """Keep frames that are not known. They are on the disk some seconds later."""
        self._new.append([video, [_to_json(frame) for frame in frames]])
        if time.monotonic() - self._saved > _EVERY_S:
            self._save()

    def close(self) -> None:
        """Save what waits; the file stays, unless it is empty. A second call does nothing."""
        if self._file.closed:
            return
        with self._file:
            if self._new:
                self._save()
            if not self.path.stat().st_size:
                self._remove()

    def finish(self) -> None:
        """Remove the file: the run is complete."""
        self._new = []
        with self._file:
            self._remove()

    def _save(self) -> None:
        lines, self._new = self._new, []
        if not self._started:
            lines = [{_NAME: _FORMAT, "request": self._request}, *lines]
        self._journal.append(lines)
        self._started, self._saved = True, time.monotonic()

    def _remove(self) -> None:
        with suppress(OSError):
            self.path.unlink(missing_ok=True)

    def _read(self) -> Iterator[Any]:
        """The header, then video and frame."""
        try:
            for number, value in enumerate(self._journal.read()):
                if not number:
                    yield value
                    continue
                video, frames = value
                yield from ((video, _from_json(frame)) for frame in frames)
        except (ValueError, TypeError, KeyError) as error:
            raise self._other(f"it is damaged: {one_line(error)}") from None
        except OSError as error:
            raise output_error(repr(str(self.path)), error) from error

    def _check_ours(self) -> None:
        """Raise ``OutputError`` for a file that somebody else may want to keep."""
        with self.path.open("rb") as file:
            head = file.read(len(_HEAD))
        if not _HEAD.startswith(head):
            raise OutputError(
                f"cannot write {str(self.path)!r} (it is not a journal of this version): remove it"
            )

    def _check_same(self, header: Any) -> None:
        then = header.get("request") if isinstance(header, dict) else None
        if not isinstance(then, dict):
            raise self._other("it is damaged")
        for name, now in self._request.items():
            before = then.get(name)
            if before != now:
                raise self._other(f"{name} was {_shown(before)} and is {_shown(now)}")

    def _other(self, reason: str) -> ConfigError:
        return ConfigError(
            f"{str(self.path)!r} is of another run ({reason}): give the same command again, or "
            "leave out resume to start anew"
        )


class FramesOfVideo:
    """The part of a journal for one video, to be given to ``Recognizer.watch``."""

    def __init__(self, journal: FrameJournal, number: int) -> None:
        self._journal, self._number = journal, number
        self._found: list[tuple[int, bool, Sequence[Face]]] = []  # frames that wait for answers

    def recall(self, index: int) -> KnownFrame | None:
        """What is known of the next frame."""
        return self._journal.recall(self._number, index)

    def found(self, index: int, searched: bool, faces: Sequence[Face]) -> None:
        """Take the faces of a frame that is not known."""
        self._found.append((index, searched, list(faces)))

    def answered(self, pictures: Sequence[Detected], answers: Sequence[Answer]) -> None:
        """Take the answers for frames that were classified in one call.

        They are kept together, since the last bits of an answer depend on what shares its call.
        """
        frames, rest = [], list(answers)
        for picture in pictures:
            count = len(picture.found.faces)
            frames.append(KnownFrame(*self._found.pop(0), rest[:count]))
            rest = rest[count:]
        self._journal.add(self._number, frames)


def place_for_journal(outputs: Iterable[str]) -> str | None:
    """The first of ``outputs`` beside which a journal can be kept: no pipe, no device."""
    for output in map(Path, outputs):
        is_file = output.is_file() or not os.path.lexists(output)
        if is_file and os.access(output.parent, os.W_OK | os.X_OK):
            return str(output)
    return None


def journal_beside(
    output: str, sources: Sequence[str], request: Mapping[str, Any], *, resume: bool
) -> FrameJournal:
    """The journal of a run over ``sources``, in a file beside its ``output``.

    It is of this run if ``request``, the files among its values, the sources and the versions of
    what decodes and analyses frames are the same. Raises as ``FrameJournal``.
    """
    import cv2
    import onnxruntime

    state = {
        "mien": __version__,
        "opencv": cv2.__version__,
        "onnxruntime": onnxruntime.__version__,
        "source": [[source, identity(source)] for source in sources],
        **request,
        "file": {text: state for text in _texts(request.values()) if (state := identity(text))},
    }
    path = Path(output)
    return FrameJournal(path.with_name(f"{path.name}.journal"), state, resume=resume)


def _texts(values: Iterable[Any]) -> Iterator[str]:
    """Texts among values that may name a file, such as ``model=FILE``."""
    for value in values:
        if isinstance(value, str):
            yield value.partition("=")[2] or value
        elif isinstance(value, tuple | list):
            yield from _texts(value)


def identity(source: str) -> Any:
    """What tells whether a file, a folder of pictures or a pattern is as it was."""
    with suppress(OSError, ValueError):
        if os.path.isfile(source):  # noqa: PTH113
            return _state(source)
        if os.path.isdir(source) or is_pattern(source):  # noqa: PTH112
            paths = of_folder(source) if os.path.isdir(source) else of_pattern(source)  # noqa: PTH112
            states = [_state(path) for path in paths]
            return [len(states), sum(s[0] for s in states), max((s[1] for s in states), default=0)]
    return None


def _state(path: str) -> list[int]:
    status = os.stat(path)  # noqa: PTH116
    return [status.st_size, status.st_mtime_ns]


def _to_json(frame: KnownFrame) -> list[Any]:
    faces = [
        [
            *map(float, face.box.to_list()),
            float(face.score),
            face.landmarks and [[float(x), float(y)] for x, y in face.landmarks],
            face.quarter_turns,
            face.cropped,
        ]
        for face in frame.faces
    ]
    return [frame.index, frame.searched, faces, [list(answer) for answer in frame.answers]]


def _from_json(value: Any) -> KnownFrame:
    """Raises ``ValueError`` and ``TypeError``."""
    index, searched, faces, answers = value
    if not is_whole(index, 0):
        raise ValueError("expected the number of a frame")
    return KnownFrame(
        index, bool(searched), list(map(_face, faces)), [_answer(answer) for answer in answers]
    )


def _face(value: Any) -> Face:
    x1, y1, x2, y2, score, landmarks, turns, cropped = value
    points = landmarks and tuple((x, y) for x, y in landmarks)
    if not are_numbers([x1, y1, x2, y2, score, turns], 6):
        raise ValueError("expected the numbers of a face")
    if points and not all(are_numbers(point, 2) for point in points):
        raise ValueError("expected the landmarks of a face")
    return Face(Box(x1, y1, x2, y2), score, points, None, turns, bool(cropped))


def _answer(value: Any) -> Answer:
    probs, valence, arousal, small = value
    if not are_numbers(probs, len(probs)):
        raise ValueError("expected probabilities")
    return Answer(tuple(probs), valence, arousal, bool(small))


def _shown(value: Any) -> str:
    return "not given" if value is None else brief(value, 80)
