from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from mien.datasets.files.archive import open_archive
from mien.datasets.files.decoding import decoded, in_threads
from mien.datasets.files.pictures import Picture
from mien.datasets.samples import Sample
from mien.errors import DatasetError


def test_order_is_kept_and_bad_pictures_end_nothing() -> None:
    threads = set()

    def sample(number: int) -> Sample:
        def decode() -> np.ndarray:
            threads.add(threading.current_thread())
            if number % 100 == 7:
                raise DatasetError(f"picture {number} is damaged")
            return np.full((2, 2), number % 256, np.uint8)

        return Sample(decode, number % 7, str(number))

    found = list(decoded(sample(number) for number in range(1000)))
    assert [sample.key for sample, _ in found] == [str(number) for number in range(1000)]
    for number, (_, image) in enumerate(found):
        if number % 100 == 7:
            assert str(image) == f"picture {number} is damaged"
        else:
            assert isinstance(image, np.ndarray) and (image == number % 256).all()
    assert threading.main_thread() not in threads


def test_pictures_are_not_all_decoded_ahead() -> None:
    asked = 0

    def samples() -> Iterator[Sample]:
        nonlocal asked
        for number in range(10_000):
            asked += 1
            yield Sample(np.zeros((2, 2), np.uint8), 0, str(number))

    next(decoded(samples()))
    assert asked < 100  # whole photos fill the memory soon


def test_large_pictures_wait_for_memory_and_small_ones_do_not(tmp_path: Path) -> None:
    for number in range(24):
        Image.new("RGB", (200, 100 if number % 2 else 10)).save(tmp_path / f"{number:02}.png")
    archive = open_archive(tmp_path)
    held, most = 0, 0
    lock = threading.Lock()

    def decode(name: str) -> np.ndarray:
        nonlocal held, most
        pixels = Picture(archive, name)()
        with lock:
            held += pixels.nbytes
            most = max(most, held)
        return pixels

    picture = 200 * 100 * 3
    # 8 bytes a pixel while it is decoded, 3 afterwards: two that wait fill it, and one goes always.
    for name, pixels in in_threads(
        decode, archive.names(), ahead=20, workers=8, most_bytes=200 * 100 * 8
    ):
        assert pixels.shape[:2] == Image.open(tmp_path / name).size[::-1]
        with lock:
            held -= pixels.nbytes
    assert picture <= most < 5 * picture  # of 12


def test_what_is_not_taken_is_not_decoded(tmp_path: Path) -> None:
    decoded = []

    def work(number: int) -> int:
        decoded.append(number)
        time.sleep(0.01)
        return number

    results = in_threads(work, range(1000), ahead=40, workers=2)
    assert next(results) == (0, 0)
    results.close()  # type: ignore[attr-defined]
    assert len(decoded) < 30


def test_leaving_early_frees_what_waits_for_memory(tmp_path: Path) -> None:
    for number in range(12):
        Image.new("RGB", (100, 100)).save(tmp_path / f"{number:02}.png")
    archive = open_archive(tmp_path)
    results = in_threads(
        lambda name: Picture(archive, name)(),
        archive.names(),
        ahead=9,
        workers=4,
        most_bytes=90_000,
    )
    assert next(results)[0] == "00.png"
    time.sleep(0.05)
    results.close()  # type: ignore[attr-defined]
