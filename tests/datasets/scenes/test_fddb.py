from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from mien.datasets.base import SceneDataset
from mien.datasets.boxes import NO_NUMBERS
from mien.datasets.opening import open_dataset
from mien.datasets.scenes.fddb import around
from mien.errors import ConfigError, DatasetError
from tests.support import scene_trees


def read(path: Path, *options: str, name: str = "fddb") -> SceneDataset:
    dataset = open_dataset(path, name, options)
    assert isinstance(dataset, SceneDataset)
    return dataset


@pytest.fixture(scope="module")
def given(material: Path) -> scene_trees.Real:
    return scene_trees.real(material / "data" / "wider_train5.zip", every=100)


@pytest.mark.parametrize("angle", [0, 0.3, np.pi / 4, 1.265839, np.pi / 2, -1.2, 2.5])
@pytest.mark.parametrize(("major", "minor"), [(123.5833, 85.5495), (40, 40), (90, 3)])
def test_the_box_of_an_ellipse(major: float, minor: float, angle: float) -> None:
    t = np.linspace(0, 2 * np.pi, 200_001)
    x = 269.7 + major * np.cos(t) * np.cos(angle) - minor * np.sin(t) * np.sin(angle)
    y = 161.8 + major * np.cos(t) * np.sin(angle) + minor * np.sin(t) * np.cos(angle)
    box = around(major, minor, angle, 269.7, 161.8)
    np.testing.assert_allclose(box, (x.min(), y.min(), x.max(), y.max()), atol=1e-5)


def test_the_box_of_a_drawn_ellipse() -> None:
    drawn = np.zeros((400, 500), np.uint8)
    cv2.ellipse(drawn, (250, 200), (120, 60), 30, 0, 360, 255, -1)  # 30° in an image's own sense
    left, top, width, height = cv2.boundingRect(drawn)
    box = around(120, 60, np.radians(30), 250, 200)
    np.testing.assert_allclose(box, (left, top, left + width, top + height), atol=1.5)


def test_the_same_faces_as_in_coco_form(given: scene_trees.Real, tmp_path: Path) -> None:
    tree = scene_trees.write_fddb(tmp_path / "fddb", given)
    expected = list(
        read(scene_trees.write_coco(tmp_path / "a", given), name="coco").scenes("train")
    )
    for path in (tree, scene_trees.zipped(tree, tmp_path / "faces.zip")):
        dataset = read(path)
        assert dataset.splits() == ("test",)
        scenes = list(dataset.scenes("test"))
        scene_trees.same(scenes, expected)
        assert not any(scene.ignored.any() for scene in scenes)
        assert scenes[0].attributes[0].keys() == {"major", "minor", "angle"}
    folds = [list(read(tree, f"fold={fold}").scenes("test")) for fold in (1, 2)]
    scene_trees.same([*folds[0], *folds[1]], expected)
    assert {s.key for s in folds[0]}.isdisjoint(s.key for s in folds[1])
    alone = read(tree / "FDDB-folds" / "FDDB-fold-02-ellipseList.txt")
    scene_trees.same(list(alone.scenes("test")), folds[1])


def test_damage_and_bad_ellipses(given: scene_trees.Real, tmp_path: Path) -> None:
    tree = scene_trees.write_fddb(tmp_path, given, folds=1)
    path = tree / "FDDB-folds" / "FDDB-fold-01-ellipseList.txt"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:2], "10 nan 0.1 5 5  1", *lines[3:]]))
    dataset = read(tree)
    assert [len(keys) for keys in dataset.skipped("test").values()] == [1]
    assert NO_NUMBERS in dataset.skipped("test")
    path.write_text("\n".join([*lines[:2], "10 inf x", *lines[3:]]))
    with pytest.raises(DatasetError, match=r"line 3 is '10 inf x', expected 6 numbers: face 1 of"):
        read(tree)


@pytest.mark.parametrize("fold", ["0", "11", "x", "-1", "1.0"])
def test_other_folds_are_refused(fold: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="fddb has fold=1 to fold=10"):
        read(tmp_path, f"fold={fold}")


def test_what_is_no_fddb(given: scene_trees.Real, tmp_path: Path) -> None:
    scene_trees.write_fddb(tmp_path, given)
    with pytest.raises(DatasetError, match=r"expected FDDB-folds/FDDB-fold-07-ellipseList\.txt"):
        read(tmp_path, "fold=7")
