from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mien.datasets.base import SceneDataset
from mien.datasets.opening import open_dataset
from mien.datasets.splits import resplit
from mien.errors import ConfigError, DatasetError
from tests.support import scene_trees


def read(path: Path, name: str = "coco") -> SceneDataset:
    dataset = open_dataset(path, name)
    assert isinstance(dataset, SceneDataset)
    return dataset


def keys(dataset: SceneDataset, split: str) -> list[str]:
    return [scene.key for scene in dataset.scenes(split)]


@pytest.fixture
def tmp_path(tmp_path: Path) -> Path:
    """A folder without the word test in its name, which would be read as the split."""
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture(scope="module")
def given(material: Path) -> scene_trees.Real:
    return scene_trees.real(
        material / "data" / "wider_train5.zip", every=25, least=48
    )  # 50 pictures


def test_parts_of_a_real_data_set(shared: Path) -> None:
    dataset = read(shared / "data" / "facemask853.zip")
    every = keys(dataset, "train")
    for how, sizes in (
        ("random:90/10", (768, 85)),
        ("random:80/10/10", (682, 86, 85)),
        ("random:400/53", (400, 53)),
        ("random:1/2/3", (1, 2, 3)),
    ):
        divided = resplit(dataset, how, seed=7)
        assert isinstance(divided, SceneDataset)
        assert divided.splits() == ("train", "valid", "test")[: len(sizes)]
        parts = [keys(divided, part) for part in divided.splits()]
        assert tuple(map(len, parts)) == sizes
        assert len({key for part in parts for key in part}) == sum(sizes)
        for part in parts:
            assert part == [key for key in every if key in set(part)]  # the data set's order
        again = resplit(dataset, how, seed=7)
        assert [keys(again, part) for part in again.splits()] == parts
    other = resplit(dataset, "random:90/10", seed=8)
    assert keys(other, "valid") != keys(resplit(dataset, "random:90/10", seed=7), "valid")
    assert resplit(dataset, "official") is dataset
    assert resplit(other, "random:90/10", seed=8) is other


def test_what_is_skipped_in_the_parts(shared: Path) -> None:
    dataset = read(shared / "data" / "facemask853.zip")
    divided = resplit(dataset, "random:50/50")
    ((reason, told),) = dataset.skipped("train").items()
    parts = [divided.skipped(part).get(reason, []) for part in ("train", "valid")]
    assert sorted([*parts[0], *parts[1]]) == sorted(told)
    for part, mine in zip(("train", "valid"), parts, strict=True):
        assert {key.rpartition("#")[0] for key in mine} <= set(keys(divided, part))


def test_copies_stay_together_and_the_form_does_not_matter(
    given: scene_trees.Real, tmp_path: Path
) -> None:
    names = list(given.files)
    files = {name: given.files[names[i // 3]] for i, name in enumerate(names)}  # three of each
    copied = scene_trees.Real(given.table, files)
    coco = read(scene_trees.write_coco(tmp_path / "coco", copied))
    wider = read(scene_trees.write_wider(tmp_path / "wider", copied), "wider")
    for seed in range(3):
        divided = resplit(coco, "random:60/40", seed=seed)
        train, valid = (
            {files[key.removeprefix("images/")] for key in keys(divided, part)}
            for part in ("train", "valid")
        )
        assert train.isdisjoint(valid)
        other = resplit(wider, "random:60/40", seed=seed)
        for part in ("train", "valid"):
            assert {Path(key).name for key in keys(other, part)} == {
                Path(key).name for key in keys(divided, part)
            }


def test_the_other_splits_stay_and_any_can_be_divided(
    given: scene_trees.Real, tmp_path: Path
) -> None:
    scene_trees.write_wider(tmp_path, given, "train")
    dataset = read(scene_trees.write_wider(tmp_path, given, "val"), "wider")
    divided = resplit(dataset, "random:80/20")
    assert divided.splits() == ("train", "valid", "official_valid")
    assert keys(divided, "official_valid") == keys(dataset, "valid")
    assert divided.skipped("official_valid") == dataset.skipped("valid")
    assert resplit(dataset, "random:30/20", source="valid").splits()[-1] == "official_train"
    with pytest.raises(DatasetError, match=r"no split 'test' \(splits: train, valid, official"):
        keys(divided, "test")
    with pytest.raises(DatasetError, match=r"no split 'public' to divide"):
        resplit(dataset, "random:80/20", source="public")


def test_pictures_that_cannot_be_read_are_divided_too(
    given: scene_trees.Real, tmp_path: Path
) -> None:
    missing = scene_trees.Real(given.table, {})
    dataset = read(scene_trees.write_coco(tmp_path, missing))
    divided = resplit(dataset, "random:25/5")
    assert (len(keys(divided, "train")), len(keys(divided, "valid"))) == (25, 5)


def test_faces_travel_along(given: scene_trees.Real, tmp_path: Path) -> None:
    dataset = read(scene_trees.write_coco(tmp_path, given))
    expected = {scene.key: scene for scene in dataset.scenes("train")}
    for scene in resplit(dataset, "random:90/10").scenes("valid"):
        assert np.array_equal(scene.boxes, expected[scene.key].boxes)
        assert np.array_equal(scene.image, expected[scene.key].image)


def test_what_cannot_be_followed(given: scene_trees.Real, tmp_path: Path) -> None:
    dataset = read(scene_trees.write_coco(tmp_path, given))
    with pytest.raises(ConfigError, match=r"subject:80/20.*whole pictures.*random:90/10"):
        resplit(dataset, "subject:80/20")
    with pytest.raises(ConfigError, match=r"expected official, random:90/10"):
        resplit(dataset, "half")
    with pytest.raises(DatasetError, match=r"need 60, and the split 'train' has 50"):
        keys(resplit(dataset, "random:50/10"), "train")
