"""Inputs → answers, one after the other, by one recognizer."""

from __future__ import annotations

import hashlib
import heapq
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from mien.errors import InputError, MienError, one_line
from mien.face_reading import Detected, batches
from mien.scale.answers import MOST_SLOW, Answers, FaceRows, input_table
from mien.scale.fetching import file_sha256, readers, video_file
from mien.scale.groups import groups
from mien.scale.inputs import Input
from mien.scale.settings import Settings

if TYPE_CHECKING:
    from mien.pipeline import Recognizer
    from mien.sinks.base import Image
    from mien.types import Result

T = TypeVar("T")


class Analysis:
    """Analyses inputs with the networks that it loads once. Raises as ``Recognizer``."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._recognizer: Recognizer = settings.recognizer()

    def run(
        self, inputs: Sequence[Input], begins: Callable[[int], None] = lambda _: None
    ) -> Answers:
        """The answers for ``inputs`` of one shard, whose groups are whole but for those blamed.

        ``begins`` is called with the place of each input, before it; again while a long video is
        read, and before faces are classified. What is wrong with an input is in its row. Raises
        ``MemoryError``, and ``MienError`` for what is wrong with detector or model.
        """
        began = time.perf_counter()
        faces = FaceRows(self._recognizer)
        ones: list[_One] = []
        for group in groups(inputs):
            with readers(group) as reads:
                members = [
                    _One(each, read, faces, partial(begins, len(ones) + place))
                    for place, (each, read) in enumerate(zip(group, reads, strict=True))
                ]
                ones += members
                waiting: list[_One] = []
                for batch in batches(self._detected(members, waiting)):
                    self._classify(batch, waiting)
                    waiting.clear()
        rows, crops = [one.row for one in ones], [crop for one in ones for crop in one.crops]
        slow = heapq.nlargest(MOST_SLOW, ((one.seconds, one.input.number) for one in ones))
        seconds = time.perf_counter() - began
        return Answers(faces.table(), input_table(rows), crops, slow, seconds)

    def _detected(self, members: Iterable[_One], waiting: list[_One]) -> Iterator[Detected]:
        """The pictures that can be read, each with its faces; ``waiting`` gets the same ones."""
        for one in members:
            one.begins()
            if one.input.duplicate_of is not None:
                continue
            start = time.perf_counter()
            found = one.attempt(partial(self._video if one.input.video else self._detect, one))
            one.seconds = time.perf_counter() - start
            if found is not None:
                waiting.append(one)
                yield found

    def _detect(self, one: _One) -> Detected:
        data = one.read()
        one.row["sha256"] = hashlib.sha256(data).hexdigest()
        return self._recognizer.detect(data, whole=self._settings.crops)

    def _classify(self, batch: list[Detected], waiting: list[_One]) -> None:
        """Classify the faces of a batch, which is that of ``waiting``."""
        waiting[-1].begins()
        start = time.perf_counter()
        answers = self._recognizer.read(batch)
        for place, one in enumerate(waiting, start=1):
            if not one.attempt(partial(self._take, one, answers)):
                answers = self._recognizer.read(batch[place:])  # an error has ended them
        share = (time.perf_counter() - start) / len(batch)
        for one in waiting:
            one.seconds += share

    def _take(self, one: _One, answers: Iterator[tuple[Result, Image]]) -> bool:
        result, image = next(answers)
        one.takes(result, image if self._settings.crops else None)
        return True

    def _video(self, one: _One) -> None:
        with video_file(one.input) as path:
            one.row["sha256"] = file_sha256(path)
            one.begins()
            results = self._recognizer.video(
                path, every=self._settings.every, fps=self._settings.fps,
                on_error=lambda _, error: one.fails(str(error)), on_note=lambda _: None,
            )  # fmt: skip
            for frames, result in enumerate(results, start=1):
                one.takes(result, result.remembered() if self._settings.crops else None)
                one.row["frames"] = frames
                if frames % 25 == 0:
                    one.begins()


class _One:
    """What is found in one input."""

    def __init__(
        self, wanted: Input, read: Callable[[], bytes], faces: FaceRows, begins: Callable[[], None]
    ) -> None:
        """``read`` returns its bytes; ``begins`` says that it is at work."""
        self.input, self.read, self._faces, self.begins = wanted, read, faces, begins
        self.seconds = 0.0
        """Spent on it, with its share of a batch."""
        self.crops: list[tuple[str, bytes]] = []
        self.row: dict[str, Any] = {
            "input": wanted.number, "source": wanted.source, "bytes": wanted.size, "faces": 0,
            "duplicate_of": wanted.duplicate_of,
        }  # fmt: skip

    def attempt(self, step: Callable[[], T]) -> T | None:
        """What ``step`` returns; ``None`` where it fails, and the row has the reason."""
        try:
            return step()
        except InputError as error:
            self.fails(str(error))
        except (MienError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 - one odd file of a million must not stop the rest
            self.fails(f"cannot analyse {self.input.source!r} ({type(error).__name__}): "
                       f"{one_line(error)}")  # fmt: skip
        return None

    def fails(self, message: str) -> None:
        """Keep why the input, or the rest of it, cannot be read."""
        self.row["error"] = _naming(message, self.input)

    def takes(self, result: Result, image: Image | None = None) -> None:
        """Take the faces of the picture, or of a frame; and their crops with its ``image``."""
        rows = result.rows()
        for row in rows:
            row["source"] = self.input.source  # not that of a temporary copy
        self._faces.add(self.input.number, rows)
        self.row["faces"] += len(rows)
        self.row["width"], self.row["height"] = result.width, result.height
        if image is not None:
            self.crops += self._cut(result, image)

    def _cut(self, result: Result, image: Image) -> Iterator[tuple[str, bytes]]:
        import PIL.Image

        from mien.sinks.crops import crop_of

        for face, reading in enumerate(result):
            pixels = np.rot90(crop_of(image, reading.face.box, 0.0), reading.face.quarter_turns)
            if not pixels.size or max(pixels.shape) > 65_500:  # a JPEG's longest side
                continue
            frame = "" if result.frame_index is None else f"_{result.frame_index:07d}"
            buffer = BytesIO()
            PIL.Image.fromarray(pixels).save(buffer, "JPEG", quality=92, subsampling=0)
            yield f"{self.input.number:09d}{frame}_{face:03d}.jpg", buffer.getvalue()


def _naming(message: str, wanted: Input) -> str:
    """The message, with the name of the input for what only the memory was called."""
    start = f"the given picture ({wanted.size} bytes)"
    return message.replace(start, repr(wanted.source), 1)


def blame(wanted: Input, reason: str) -> Any:
    """The row, as a table, of an input that ends the process which analyses it."""
    one = {
        "input": wanted.number, "source": wanted.source, "bytes": wanted.size, "faces": 0,
        "error": f"{wanted.source!r} {reason}",
    }  # fmt: skip
    return input_table([one])
