from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from mien.datasets.base import SceneDataset
from mien.datasets.inspection import inspect
from mien.datasets.opening import open_dataset
from mien.datasets.scene import box_fingerprint
from mien.datasets.scenes.info import face_sizes, size_classes
from mien.errors import DatasetError
from tests.support.marked import Marked, damaged, piece, scene, square


@pytest.fixture
def marked() -> Marked:
    easy = {"easy": np.array([True, False]), "hard": np.array([True, True])}
    return Marked(
        train=[
            scene("a", piece(200, 100), square(10), square(32), subsets=easy),
            scene("b", piece(300, 200), square(96), square(97), square(50), ignored=(2,)),
            scene("c", piece(100, 100)),
            scene("d", piece(100, 100), square(31.9), ignored=(0,)),
            scene("e", damaged, (0, 0, 16, 64)),
            scene("f", piece(90, 80), square(20), width=180, height=160),
        ],
        valid=[scene("g", piece(200, 100)), scene("h", piece(120, 100, left=50), square(40))],
    )


def test_what_is_counted(marked: Marked) -> None:
    found = inspect(marked)
    train, valid = found.splits["train"], found.splits["valid"]
    assert (train.pictures, train.faces, train.ignored, train.empty) == (6, 6, 2, 2)
    assert train.by_size == {"small": 2, "medium": 3, "large": 1}  # 10 20 | 32 32 96 | 97
    assert train.faces_per_picture == {"median": 1.0, "95 %": 2.0, "most": 2.0}
    sizes = [10, 20, 32, 32, 96, 97]
    assert list(train.face_size) == ["least", "5 %", "25 %", "median", "75 %", "95 %", "most"]
    for name, share in (("least", 0), ("5 %", 5), ("median", 50), ("75 %", 75), ("most", 100)):
        assert train.face_size[name] == pytest.approx(np.percentile(sizes, share), abs=0.01)
    assert train.subsets == {"easy": 1, "hard": 2} and valid.subsets == {}
    assert (train.smallest, train.median, train.largest) == ((90, 80), (100, 100), (300, 200))
    assert (train.distinct, train.unreadable) == (4, 1)
    assert train.skipped == {"box has no area": 2}
    assert (train.other_size, train.first_other_size) == (1, ("f",))
    assert (valid.pictures, valid.faces, valid.empty) == (2, 1, 1)
    assert train.fingerprint == box_fingerprint(marked.scenes("train")) != valid.fingerprint
    assert [(o.split, o.other, o.identical) for o in found.overlaps] == [("valid", "train", 1)]
    assert json.loads(json.dumps(found.to_dict()))["splits"]["valid"]["faces"] == 1


def test_what_is_wrong_is_warned_of(marked: Marked) -> None:
    assert inspect(marked).warnings == (
        "train: 1 pictures cannot be read: bad.jpg cannot be decoded",
        "train: 1 pictures have another size than the annotated one, so their boxes are "
        "misplaced: f",
        "train: 1 pictures are pixel-identical to another one",
        "1 pictures of valid are pixel-identical to one in train",
    )
    sound = Marked(train=[scene("a", piece(99, 99), square(9), width=99, height=99)])
    assert inspect(sound).warnings == ()
    empty = inspect(Marked(test=[scene("a", piece(99, 99))]))
    assert empty.warnings == ("test: no face is marked",)
    assert empty.splits["test"].face_size == {}


def test_nothing_to_inspect_is_an_error_and_nothing_readable_is_not() -> None:
    for empty in (Marked(), Marked(train=[])):
        with pytest.raises(DatasetError, match="no pictures at all"):
            inspect(empty)
    found = inspect(Marked(train=[scene("a", damaged, square(9))]))
    assert found.splits["train"].unreadable == 1 and found.splits["train"].largest == (0, 0)


def test_progress_is_over_all_splits(marked: Marked) -> None:
    seen: list[tuple[int, int | None]] = []
    inspect(marked, lambda *now: seen.append(now))
    assert seen == [(n, 8) for n in range(1, 9)]


def test_bounds_are_those_of_coco() -> None:
    boxes = np.array([[0, 0, 64, 16], [5, 5, 101, 101], [0, 0, 1024, 9.01]], np.float32)
    sizes = face_sizes(boxes)
    assert sizes == pytest.approx([32, 96, 96.05], abs=0.01)
    assert size_classes(sizes) == {"small": 0, "medium": 2, "large": 1}


def test_real_pictures_are_counted_as_in_their_file(shared: Path) -> None:
    path = shared / "data" / "facemask853.zip"
    with zipfile.ZipFile(path) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".json"))
        raw = json.loads(archive.read(name))
    dataset = open_dataset(path, "coco")
    assert isinstance(dataset, SceneDataset)
    found = inspect(dataset)
    (split,) = found.splits.values()
    assert split.pictures == len(raw["images"]) == 853
    assert split.faces == len(raw["annotations"]) == 4072
    areas = np.array([a["bbox"][2] * a["bbox"][3] for a in raw["annotations"]])
    clipped = sum(n for reason, n in split.skipped.items() if "clipped" in reason)
    assert abs(split.by_size["small"] - (areas < 32**2).sum()) <= clipped
    assert abs(split.by_size["large"] - (areas > 96**2).sum()) <= clipped
    assert split.unreadable == split.other_size == 0
