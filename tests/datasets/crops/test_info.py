from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mien.datasets.base import Official
from mien.datasets.crops.info import CropOverlap
from mien.datasets.info import DataInfo
from mien.datasets.inspection import inspect
from mien.datasets.opening import open_dataset
from mien.errors import DatasetError
from mien.labels import FER2013 as LABELS
from tests.support import fer2013
from tests.support.fer2013 import Row

Rows = list[Row]


@pytest.fixture(scope="module")
def real(shared: Path) -> DataInfo:
    return inspect(open_dataset(shared / "data" / "fer2013.zip"))


@pytest.mark.slow
def test_the_facts_stated_beside_the_real_data(real: DataInfo) -> None:
    train, public = real.splits["train"], real.splits["public"]
    assert (train.n, train.distinct, public.n) == (28709, 27473, 3589)
    assert real.overlaps == (CropOverlap("public", "train", 280, 7, 0),)
    assert list(public.classes.values()) == [467, 56, 496, 895, 653, 415, 607]
    assert tuple(public.classes) == LABELS
    assert round(train.std) == round(public.std) == 54
    assert public.ferplus_agreement == pytest.approx(0.62, abs=0.01)
    assert real.warnings == ()
    assert public.fingerprint == "639abd7063de7198"  # as in docs/results.md


def info(rows: Rows, place: Path) -> DataInfo:
    return inspect(open_dataset(fer2013.write_csv(place / "fer2013.csv", rows)))


def changed(rows: Rows, change: Callable[[NDArray[np.uint8]], NDArray[np.uint8]]) -> Rows:
    return [row._replace(image=change(row.image)) for row in rows]


def about(found: DataInfo, word: str) -> list[str]:
    return [warning for warning in found.warnings if word in warning]


def test_repeats_and_conflicts_against_a_plain_comparison(
    fer2013_rows: Rows, tmp_path: Path
) -> None:
    train = [row for row in fer2013_rows if row.usage == "Training"]
    other = [row._replace(emotion=(row.emotion + 1) % 7) for row in train]
    rows = [
        *fer2013_rows,
        *train[:3], train[0], *other[2:5],  # 7 repeats; 2, 3 and 4 disagree within train
        *(row._replace(usage="PublicTest") for row in (*train[5:8], *other[2:4], *other[8:10])),
    ]  # fmt: skip
    found = info(rows, tmp_path)
    for name, split in found.splits.items():
        own = [row for row in rows if fer2013.USAGES[row.usage] == name]
        seen: list[Row] = []
        for row in own:
            if not any(np.array_equal(row.image, kept.image) for kept in seen):
                seen.append(row)
        assert split.distinct == len(seen)
        assert split.n == len(own)
    assert [found.splits[name].label_conflicts for name in found.splits] == [3, 0, 0]
    # other[2:4] carry a label that their copies in train have too, other[8:10] one they have not.
    assert found.overlaps[0] == CropOverlap("public", "train", 7, 2, 0)


def test_mean_and_deviation_are_those_of_float64(fer2013_rows: Rows, tmp_path: Path) -> None:
    blank = fer2013_rows[0]._replace(image=np.full((48, 48), 7, np.uint8))
    rows = [*fer2013_rows, blank]
    images = np.stack([row.image for row in rows if row.usage == "Training"]).astype(np.float64)
    train = info(rows, tmp_path).splits["train"]
    assert train.mean == pytest.approx(images.mean(), abs=0.005)
    assert train.std == pytest.approx(np.mean([image.std() for image in images]), abs=0.005)
    assert train.blank == 1


def test_an_equalised_copy_is_reported(fer2013_rows: Rows, tmp_path: Path) -> None:
    found = info(changed(fer2013_rows, cv2.equalizeHist), tmp_path)
    assert found.splits["train"].std == pytest.approx(75, abs=2)
    assert len(about(found, "histogram-equalised")) == 3
    dull = info(changed(fer2013_rows, lambda image: image // 2), tmp_path)
    assert len(about(dull, "were altered")) == 3
    assert not about(info(fer2013_rows, tmp_path), "equalised")


def test_large_photos_may_have_any_contrast(tmp_path: Path) -> None:
    photo = np.indices((96, 96)).sum(axis=0).astype(np.uint8) % 2 * 255
    for label in ("happy", "sad"):
        (tmp_path / "photos" / label).mkdir(parents=True)
        cv2.imwrite(str(tmp_path / "photos" / label / "1.png"), photo)
    found = inspect(open_dataset(tmp_path / "photos", "folder"))
    assert found.splits["train"].std > 100 and not about(found, "equalised")


def test_mirrored_pictures_are_reported(fer2013_rows: Rows, tmp_path: Path) -> None:
    half = np.tile(np.arange(24, dtype=np.uint8), (48, 1))
    symmetric = fer2013_rows[0]._replace(image=np.hstack([half, half[:, ::-1]]))
    mirrored = changed(fer2013_rows[:6], lambda image: np.ascontiguousarray(image[:, ::-1]))
    public = [row._replace(usage="PublicTest") for row in mirrored[:2]]
    found = info([*fer2013_rows, symmetric, *mirrored[2:], *public], tmp_path)
    assert found.splits["train"].mirrored == 8  # four pictures and their four copies
    assert found.splits["public"].mirrored == 0
    assert found.overlaps[0].mirrored == 2
    assert about(found, "train: 8 pictures are mirror images")
    assert about(found, "public: 2 pictures are mirror images of pictures in train")


def test_counts_are_compared_with_the_official_ones(
    fer2013_rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = open_dataset(fer2013.write_csv(tmp_path / "fer2013.csv", fer2013_rows))
    assert about(inspect(dataset), "train: 40 pictures of the official 28,709")
    official = Official({"train": 30, "public": 16, "private": 8}, std=54)
    monkeypatch.setattr(dataset, "facts", replace(dataset.facts, official=official))
    found = inspect(dataset)
    assert about(found, "train: 40 pictures, 10 more than the official 30")
    assert not about(found, "public")


def test_votes_of_other_pictures_are_reported(fer2013_rows: Rows, tmp_path: Path) -> None:
    train = [row for row in fer2013_rows if row.usage == "Training"]
    for name, votes, warned in (("right", train, False), ("wrong", train[7:] + train[:7], True)):
        members = {**fer2013.files(train), "ferplus.csv": fer2013.votes_file(votes)}
        found = inspect(open_dataset(fer2013.write_folder(tmp_path / name, members)))
        assert bool(about(found, "not in the order of these pictures")) is warned


def test_to_dict_is_json(fer2013_rows: Rows, tmp_path: Path) -> None:
    found = info(fer2013_rows, tmp_path).to_dict()
    assert json.loads(json.dumps(found))["splits"]["public"]["n"] == 16


def test_no_pictures_at_all(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no pictures at all"):
        info([], tmp_path)


def test_pictures_of_many_sizes_and_bad_ones(fer2013_rows: Rows, tmp_path: Path) -> None:
    rows = [row for row in fer2013_rows if row.usage == "Training"]
    members = {f"{fer2013.FOLDERS[r.emotion]}/{i}.png": r.image for i, r in enumerate(rows)}
    images = {
        name: cv2.resize(image, (40 + i, 90 - i)) for i, (name, image) in enumerate(members.items())
    }
    files = {name: fer2013.png(image) for name, image in images.items()}
    files |= {f"happy/bad{i}.png": b"\x89PNG" for i in range(7)}
    files |= {"overview.png": b"", "sad/copy.png": files[next(iter(files))]}
    dataset = open_dataset(fer2013.write_folder(tmp_path, files), "folder")
    found = inspect(dataset)
    train = found.splits["train"]
    assert (train.n, train.distinct, train.unreadable) == (len(rows) + 1, len(rows), 7)
    assert (train.smallest, train.largest) == ((40, 90), (65, 65))
    assert train.skipped == {"in no folder named by an expression": 1}
    assert len(train.first_unreadable) == 5 and "bad0.png" in train.first_unreadable[0]
    assert about(found, "7 pictures cannot be read")
    every = [*images.values(), next(iter(images.values()))]
    assert train.mean == pytest.approx(np.mean([image.mean() for image in every]), abs=0.01)
    assert train.std == pytest.approx(np.mean([image.std() for image in every]), abs=0.01)
    assert train.classes["happiness"] == sum(row.emotion == 3 for row in rows)
    assert json.dumps(found.to_dict())


def test_nothing_but_bad_pictures(tmp_path: Path) -> None:
    dataset = open_dataset(fer2013.write_folder(tmp_path, {"happy/1.png": b"x"}), "folder")
    with pytest.raises(DatasetError, match=r"'train' holds no pictures that can be read \(.*1.png"):
        inspect(dataset)
