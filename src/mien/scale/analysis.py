"""Inputs → answers, one after the other, by one recognizer."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from mien.errors import InputError, MienError, one_line
from mien.scale.answers import MOST_SLOW, Answers, FaceRows, input_table
from mien.scale.fetching import file_sha256, read_picture, video_file
from mien.scale.inputs import Input
from mien.scale.settings import Settings

if TYPE_CHECKING:
    from mien.pipeline import Recognizer
    from mien.sinks.base import Image
    from mien.types import Result


class Analysis:
    """Analyses inputs with the networks that it loads once. Raises as ``Recognizer``."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._recognizer: Recognizer = settings.recognizer()

    def run(
        self, inputs: Sequence[Input], begins: Callable[[int], None] = lambda _: None
    ) -> Answers:
        """The answers for ``inputs``; ``begins`` is called with the place of each, before it.

        It is called again while a long video is read. What is wrong with an input is in its row.
        Raises ``MemoryError``, and ``MienError`` for what is wrong with detector or model.
        """
        began = time.perf_counter()
        faces, rows, crops = FaceRows(self._recognizer), [], []
        slow: list[tuple[float, int]] = []
        for place, each in enumerate(inputs):
            begins(place)
            start = time.perf_counter()
            one = _One(each, faces)
            if each.duplicate_of is None:
                self._one(one, lambda place=place: begins(place))  # type: ignore[misc]
            rows.append(one.row)
            crops += one.crops
            slow = sorted([*slow, (time.perf_counter() - start, each.number)], reverse=True)
            slow = slow[:MOST_SLOW]
        seconds = time.perf_counter() - began
        return Answers(faces.table(), input_table(rows), crops, slow, seconds)

    def _one(self, one: _One, goes_on: Callable[[], None]) -> None:
        try:
            if one.input.video:
                self._video(one, goes_on)
            else:
                self._picture(one)
        except InputError as error:  # so that a row names its input, not a buffer of bytes
            one.fails(str(error))
        except (MienError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 - one odd file of a million must not stop the rest
            one.fails(f"cannot analyse {one.input.source!r} ({type(error).__name__}): "
                      f"{one_line(error)}")  # fmt: skip

    def _picture(self, one: _One) -> None:
        data = read_picture(one.input)
        one.row["sha256"] = hashlib.sha256(data).hexdigest()
        if self._settings.crops:
            result, image = next(self._recognizer.stream([data]))
            one.takes(result, image)
        else:
            one.takes(self._recognizer.image(data))

    def _video(self, one: _One, goes_on: Callable[[], None]) -> None:
        with video_file(one.input) as path:
            one.row["sha256"] = file_sha256(path)
            goes_on()
            results = self._recognizer.video(
                path, every=self._settings.every, fps=self._settings.fps,
                on_error=lambda _, error: one.fails(str(error)), on_note=lambda _: None,
            )  # fmt: skip
            for frames, result in enumerate(results, start=1):
                one.takes(result, result.remembered() if self._settings.crops else None)
                one.row["frames"] = frames
                if frames % 25 == 0:
                    goes_on()


class _One:
    """What is found in one input."""

    def __init__(self, wanted: Input, faces: FaceRows) -> None:
        self.input, self._faces = wanted, faces
        self.crops: list[tuple[str, bytes]] = []
        self.row: dict[str, Any] = {
            "input": wanted.number, "source": wanted.source, "bytes": wanted.size, "faces": 0,
            "duplicate_of": wanted.duplicate_of,
        }  # fmt: skip

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
