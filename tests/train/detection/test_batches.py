from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the 'train' extra")

from mien.errors import DatasetError  # noqa: E402
from mien.train.detection.augment import random_view  # noqa: E402
from mien.train.detection.batches import Scenes, batches  # noqa: E402
from tests.support.few_scenes import TINY, Few  # noqa: E402


def broken() -> np.ndarray:
    raise DatasetError("half a file")


def test_an_epoch_has_every_picture_once_without_the_incomplete_batch(material: Path) -> None:
    scenes = Scenes(Few(material), "train", None)
    assert len(scenes) == 9
    got = list(batches(scenes, TINY, epoch=0))
    assert [pixels.shape for pixels, _ in got] == [(4, 3, 96, 96)] * 2
    assert all(pixels.dtype == torch.uint8 for pixels, _ in got)
    seen = [image.numpy().transpose(1, 2, 0) for pixels, _ in got for image in pixels]
    drawn = {
        i: random_view(
            s.image, s.boxes, s.ignored, TINY, np.random.default_rng((TINY.seed, 0, i))
        ).image
        for i, s in enumerate(scenes.readable)
    }
    places = [next(i for i, image in drawn.items() if np.array_equal(image, x)) for x in seen]
    assert len(set(places)) == 8


def test_epochs_differ_and_repeat(material: Path) -> None:
    scenes = Scenes(Few(material), "train", 4)

    def pixels(epoch: int, **keys: int) -> np.ndarray:
        return next(iter(batches(scenes, replace(TINY, **keys), epoch)))[0].numpy()

    assert np.array_equal(pixels(1), pixels(1))
    assert not np.array_equal(pixels(1), pixels(2))
    assert not np.array_equal(pixels(1), pixels(1, seed=1))
    assert np.array_equal(pixels(1), pixels(1, workers=2))  # whoever decodes


def test_processes_share_a_batch(material: Path) -> None:
    scenes = Scenes(Few(material), "train", 4)
    whole = next(iter(batches(scenes, TINY, 0)))
    parts = [next(iter(batches(scenes, TINY, 0, rank, 2))) for rank in range(2)]
    assert torch.equal(torch.cat([parts[0][0], parts[1][0]]), whole[0][[0, 2, 1, 3]])
    boxes = [target["boxes"] for target in whole[1]]
    assert [torch.equal(t["boxes"], b) for t, b in zip(parts[1][1], boxes[1::2], strict=True)]


def test_unreadable_pictures_are_skipped_and_listed(material: Path) -> None:
    few = Few(material)
    few.held["train"][2] = replace(few.held["train"][2], pixels=broken)
    scenes = Scenes(few, "train", None)
    assert len(scenes) == 8
    assert scenes.unreadable == [(few.held["train"][2].key, "half a file")]
    few.held["valid"] = [replace(scene, pixels=broken) for scene in few.held["valid"]]
    with pytest.raises(DatasetError, match=r"no picture of split 'valid' .*half a file"):
        Scenes(few, "valid", None)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_picture_that_goes_missing_keeps_its_own_error(material: Path, workers: int) -> None:
    scenes = Scenes(Few(material), "train", 4)
    scenes.readable[2] = replace(scenes.readable[2], pixels=broken)
    with pytest.raises(DatasetError, match=r"^half a file$"):
        list(batches(scenes, replace(TINY, workers=workers), 0))


def test_threads_need_no_shared_memory_and_end_with_the_epoch(material: Path) -> None:
    scenes = Scenes(Few(material), "train")
    before = threading.active_count()
    epoch = batches(scenes, replace(TINY, workers=2), 0)
    pixels, _ = next(epoch)
    assert not pixels.is_shared()
    epoch.close()  # as an error in the training loop, or Ctrl-C, does
    assert threading.active_count() == before


def test_memory_that_runs_out_in_a_thread_is_the_error_of_the_epoch(material: Path) -> None:
    def large() -> np.ndarray:
        raise MemoryError

    scenes = Scenes(Few(material), "train", 4)
    scenes.readable[2] = replace(scenes.readable[2], pixels=large)
    with pytest.raises(MemoryError):
        list(batches(scenes, replace(TINY, workers=2), 0))


def test_a_limit_draws_at_random_by_the_seed(material: Path) -> None:
    every = [scene.key for scene in Scenes(Few(material), "train").readable]
    drawn = [[s.key for s in Scenes(Few(material), "train", 4, seed).readable] for seed in range(9)]
    assert all(len(set(keys)) == 4 and keys == sorted(keys, key=every.index) for keys in drawn)
    assert len({*map(tuple, drawn)}) > 1 and {key for keys in drawn for key in keys} == {*every}
    assert [s.key for s in Scenes(Few(material), "train", 4, 3).readable] == drawn[3]
