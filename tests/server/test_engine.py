"""Concurrent requests give what one after the other gives, in fewer calls of the network."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the extra 'server' is not installed")

from mien.errors import ImageReadError
from mien.pipeline import Recognizer
from mien.server.engine import Engine
from mien.server.meters import Meters
from mien.server.problems import Problem
from tests.support.fer2013 import Row


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer(threads=1)


@pytest.fixture
def engine(recognizer: Recognizer) -> Iterator[Engine]:
    engine = Engine(recognizer, 64, Meters())
    yield engine
    engine.close()


def sample(engine: Engine, name: str) -> float:
    value = engine._meters.registry.get_sample_value(name)
    assert value is not None
    return value


async def all_at_once(engine: Engine, sources: Sequence[Any]) -> list[Any]:
    return await asyncio.gather(*(engine.analyze(source) for source in sources))


def test_concurrent_requests_give_what_single_ones_give(
    engine: Engine, recognizer: Recognizer, photos: Path
) -> None:
    sources = [path.read_bytes() for path in sorted(photos.glob("*.jpg"))] * 3
    expected = [recognizer.image(source).to_dict() for source in sources]
    answers = asyncio.run(all_at_once(engine, sources))
    assert [result.to_dict() for result, _ in answers] == expected
    faces = sum(len(one["faces"]) for one in expected)
    assert faces >= len(sources)
    assert sample(engine, "mien_pictures_total") == len(sources)
    assert sample(engine, "mien_faces_total") == sample(engine, "mien_batch_faces_sum") == faces
    assert engine._budget._used == 0 and not engine._budget._open


def test_faces_of_concurrent_requests_are_classified_together(fer2013_rows: list[Row]) -> None:
    recognizer = Recognizer("none", threads=1)
    engine = Engine(recognizer, 64, Meters())
    crops = [np.repeat(row.image[:, :, None], 3, axis=2) for row in fer2013_rows[:48]]
    answers = asyncio.run(all_at_once(engine, crops))
    expected = [recognizer.image(crop).to_dict() for crop in crops]
    assert [result.to_dict() for result, _ in answers] == expected
    assert sample(engine, "mien_batch_faces_sum") == len(crops)
    assert sample(engine, "mien_batch_faces_count") <= len(crops) / 3
    engine.close()


def test_a_broken_picture_fails_alone(engine: Engine, photos: Path) -> None:
    good = next(photos.glob("*.jpg")).read_bytes()

    async def all_at_once() -> list[Any]:
        return await asyncio.gather(
            *(engine.analyze(data, "name") for data in (good, good[:1000], b"", good)),
            return_exceptions=True,
        )

    first, broken, empty, last = asyncio.run(all_at_once())
    assert isinstance(broken, ImageReadError) and isinstance(empty, ImageReadError)
    assert first[0].to_dict() == last[0].to_dict() and first[0].source == "name"
    assert engine._admitted == 0 and engine._budget._used == 0 and not engine._budget._open


def test_a_face_that_cannot_be_classified_fails_alone(recognizer: Recognizer) -> None:
    class Choosy:
        spec = recognizer.classifier.spec

        def classify(self, crops: Any) -> Any:
            if any(crop.max() == 0 for crop in crops):
                raise RuntimeError("too dark")
            return recognizer.classifier.classify(crops)

    engine = Engine(Recognizer("none", Choosy(), threads=1), 64, Meters())  # type: ignore[arg-type]

    async def both() -> list[Any]:
        pictures = np.full((50, 50, 3), 99, np.uint8), np.zeros((50, 50, 3), np.uint8)
        return await asyncio.gather(
            *(engine.analyze(picture) for picture in pictures), return_exceptions=True
        )

    bright, dark = asyncio.run(both())
    assert len(bright[0]) == 1 and isinstance(dark, RuntimeError)
    engine.close()


class Slow:
    """A detector that waits until it may go on."""

    def __init__(self, recognizer: Recognizer) -> None:
        self.facts = recognizer.detector.facts
        self.go, self.begun = threading.Event(), threading.Semaphore(0)
        self.count, self.score_threshold = 0, 0.5

    def detect(self, image: Any, score_threshold: float | None = None) -> list[Any]:
        self.count += 1
        self.begun.release()
        assert self.go.wait(20)
        return []


def test_requests_beyond_the_limit_are_refused_and_cancelled_ones_free_their_place(
    recognizer: Recognizer,
) -> None:
    slow = Slow(recognizer)
    engine = Engine(Recognizer(slow, recognizer.classifier), 5, Meters())
    picture = np.zeros((50, 50, 3), np.uint8)

    async def crowd() -> None:
        waiting = [asyncio.ensure_future(engine.analyze(picture)) for _ in range(5)]
        await asyncio.sleep(0)
        with pytest.raises(Problem, match="5 requests wait") as refused:
            await engine.analyze(picture)
        assert refused.value.status == 503 and int(refused.value.headers["Retry-After"]) >= 1
        assert await asyncio.to_thread(slow.begun.acquire, timeout=20)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert engine._admitted == 0
        again = asyncio.ensure_future(engine.analyze(picture))
        await asyncio.sleep(0)
        slow.go.set()
        result, _ = await again
        assert len(result) == 0

    asyncio.run(crowd())
    assert slow.count <= engine.threads + 1  # those that had begun, and the last
    engine._pool.shutdown(wait=True)  # a thread that had begun frees its memory as it ends
    assert engine._budget._used == 0 and not engine._budget._open
    engine.close()
