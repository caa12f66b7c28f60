from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mien.datasets.base import SceneDataset
from mien.datasets.boxes import NO_AREA
from mien.datasets.opening import open_dataset
from mien.errors import DatasetError
from tests.support import scene_trees


def read(path: Path, name: str = "wider") -> SceneDataset:
    dataset = open_dataset(path, name)
    assert isinstance(dataset, SceneDataset)
    return dataset


@pytest.fixture(scope="module")
def given(material: Path) -> scene_trees.Real:
    return scene_trees.real(material / "data" / "wider_train5.zip", every=60)


def test_the_same_faces_as_in_coco_form(given: scene_trees.Real, tmp_path: Path) -> None:
    tree = scene_trees.write_wider(tmp_path / "wider", given)
    expected = list(read(scene_trees.write_coco(tmp_path / "coco", given), "coco").scenes("train"))
    said = {s.key.removeprefix("images/"): s.attributes for s in expected}
    listed = tree / "wider_face_split" / "wider_face_train_bbx_gt.txt"
    for path in (tree, listed, scene_trees.zipped(tree, tmp_path / "faces.zip")):
        dataset = read(path)
        assert dataset.splits() == ("train",)
        scenes = list(dataset.scenes("train"))
        scene_trees.same(scenes, expected)
        assert [s.key for s in scenes] == [f"WIDER_train/images/{name}" for name in given.files]
        for scene, other in zip(scenes, expected, strict=True):
            assert scene.attributes == said[scene.key.removeprefix("WIDER_train/images/")]
            assert np.array_equal(scene.ignored, other.ignored)
            assert scene.width is None
        assert not dataset.skipped("train")


def test_both_splits_pictures_without_faces_and_invalid_ones(
    given: scene_trees.Real, tmp_path: Path
) -> None:
    empty = given.table["images"][1]["id"]
    faces = [dict(a) for a in given.table["annotations"] if a["image_id"] != empty]
    faces[0]["attributes"] = {**faces[0]["attributes"], "invalid": 1}
    changed = scene_trees.Real({**given.table, "annotations": faces}, given.files)
    scene_trees.write_wider(tmp_path, given, "train")
    scene_trees.write_wider(tmp_path, changed, "val")
    dataset = read(tmp_path)
    assert dataset.splits() == ("train", "valid")
    scenes = list(dataset.scenes("valid"))
    assert [s.key for s in scenes] == [f"WIDER_val/images/{name}" for name in given.files]
    assert scenes[1].boxes.shape == (0, 4)
    assert scenes[0].ignored[0]
    assert sum(len(s.boxes) for s in scenes) == len(faces)


def edited(folder: Path, given: scene_trees.Real, at: int, *lines: str) -> Path:
    """The list with the line ``at``, from 1, replaced."""
    tree = scene_trees.write_wider(folder, given)
    path = tree / "wider_face_split" / "wider_face_train_bbx_gt.txt"
    text = path.read_text().splitlines()
    path.write_text("\n".join([*text[: at - 1], *lines, *text[at:]]))
    return tree


def test_damage_is_reported_with_the_line(given: scene_trees.Real, tmp_path: Path) -> None:
    name = given.table["images"][0]["file_name"]
    second = given.table["images"][1]["file_name"]
    count = sum(a["image_id"] == given.table["images"][0]["id"] for a in given.table["annotations"])
    face = "1 2 3 4 0 0 0 0 0 0"
    for number, (at, lines, words) in enumerate(
        [
            (2, [str(count + 1)], rf"line {3 + count} is '{second}', expected 10 numbers: face"),
            (2, [str(count), face], rf"line {3 + count} is '.*', expected the path of a picture"),
            (2, ["many"], rf"line 2 is 'many', expected the number of faces of '{name}'"),
            (2, ["1" * 5000], r"line 2 is '1+', expected the number of faces"),
            (3, ["449 330 122 14"], r"line 3 is '449 330 122 14', expected 10 numbers: face 1 of"),
            (3, ["1 2 3 4 0 0 0 x 0 0"], r"line 3 ends with '0 0 0 x 0 0', expected whole numbers"),
            (1, [], rf"line 1 is '{count}', expected the path|line 2 is .*, expected the number"),
        ]
    ):
        with pytest.raises(DatasetError, match=words) as caught:
            read(edited(tmp_path / str(number), given, at, *lines))
        assert "\n" not in str(caught.value)
    tree = scene_trees.write_wider(tmp_path / "cut", given)
    path = tree / "wider_face_split" / "wider_face_train_bbx_gt.txt"
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:-1]))
    with pytest.raises(DatasetError, match=rf"line {len(lines)} is missing, expected"):
        read(tree)


def test_bad_boxes_are_named(given: scene_trees.Real, tmp_path: Path) -> None:
    dataset = read(edited(tmp_path, given, 3, "5 5 0 9 0 0 0 1 0 0 "))
    key = f"WIDER_train/images/{given.table['images'][0]['file_name']}"
    assert dataset.skipped("train") == {NO_AREA: [f"{key}#1"]}


def test_what_is_no_wider_face(tmp_path: Path) -> None:
    (tmp_path / "wider_face_test_filelist.txt").write_text("0--Parade/a.jpg\n")
    with pytest.raises(DatasetError, match=r"expected wider_face_split/wider_face_train_bbx_gt"):
        read(tmp_path)
