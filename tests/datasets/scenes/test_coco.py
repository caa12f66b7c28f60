from __future__ import annotations

import io
import json
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mien.datasets.base import SceneDataset
from mien.datasets.boxes import (
    CLIPPED,
    NO_AREA,
    NO_NUMBERS,
    OUTSIDE,
    SWAPPED,
    TOO_MANY_SUBSETS,
)
from mien.datasets.files.coco import SHARED_ID
from mien.datasets.opening import open_dataset
from mien.datasets.scene import Scene
from mien.datasets.scenes.marks import MOST_SUBSETS
from mien.datasets.scenes.reader import AMBIGUOUS
from mien.errors import ConfigError, DatasetError
from tests.support import scene_trees


def read(path: Path, *options: str) -> SceneDataset:
    dataset = open_dataset(path, "coco", options)
    assert isinstance(dataset, SceneDataset)
    return dataset


@pytest.fixture
def tmp_path(tmp_path: Path) -> Path:
    """A folder without the word test in its name, which would be read as the split."""
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture(scope="module")
def given(material: Path) -> scene_trees.Real:
    """A dozen real pictures."""
    return scene_trees.real(material / "data" / "wider_train5.zip", every=100)


@pytest.mark.parametrize(
    ("name", "split", "pictures", "annotations", "bad"),
    [
        ("wider_train5", "train", 1239, 6590, {}),
        ("wider_val_dev", "valid", 400, 4379, {NO_AREA: 3}),
        ("facemask853", "train", 853, 4072, {CLIPPED: 12}),
    ],
)
def test_the_real_data_sets(
    name: str, split: str, pictures: int, annotations: int, bad: dict[str, int], shared: Path
) -> None:
    path = shared / "data" / f"{name}.zip"
    dataset = read(path)
    assert dataset.splits() == (split,)
    scenes = list(dataset.scenes(split))
    assert len(scenes) == pictures
    assert sum(len(s.boxes) for s in scenes) == annotations - bad.get(NO_AREA, 0)
    assert {reason: len(keys) for reason, keys in dataset.skipped(split).items()} == bad
    with zipfile.ZipFile(path) as archive:
        table = json.loads(archive.read("annotations.json"))
        of: dict[int, list[dict[str, Any]]] = {image["id"]: [] for image in table["images"]}
        for annotation in table["annotations"]:
            if min(annotation["bbox"][2:]) > 0:
                of[annotation["image_id"]].append(annotation)
        for image, scene in zip(table["images"], scenes, strict=True):
            faces = of[image["id"]]
            assert scene.key == f"images/{image['file_name']}"
            assert (scene.width, scene.height) == (image["width"], image["height"])
            assert list(scene.attributes) == [face["attributes"] for face in faces]
            assert scene.ignored.tolist() == [bool(face["ignore"]) for face in faces]
            assert set(scene.subsets) == ({"easy", "medium", "hard"} if split == "valid" else set())
            for subset, member in scene.subsets.items():
                assert member.tolist() == [subset in face["subset"] for face in faces]
            expected = np.array([face["bbox"] for face in faces], float).reshape(-1, 4)
            expected[:, 2:] += expected[:, :2]
            limit = [image["width"], image["height"]] * 2
            np.testing.assert_allclose(scene.boxes, expected.clip(0, limit), atol=1e-3)
        for scene in scenes[:: pictures // 5]:
            photo = Image.open(io.BytesIO(archive.read(scene.key))).convert("RGB")
            assert scene.image.shape == (scene.height, scene.width, 3)
            assert np.abs(scene.image.astype(int) - np.asarray(photo)).mean() < 3


@pytest.mark.parametrize(
    ("table", "images", "split"),
    [
        ("annotations.json", "images", "train"),
        ("annotations/instances_val2017.json", "val2017", "valid"),
        ("test/_annotations.coco.json", "test", "test"),
        ("WIDER_val/faces.json", "elsewhere/deep", "valid"),
    ],
)
def test_pictures_and_splits_are_found(
    table: str, images: str, split: str, given: scene_trees.Real, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    scene_trees.write_pictures(folder / images, given)
    (folder / table).parent.mkdir(parents=True, exist_ok=True)
    (folder / table).write_text(json.dumps(given.table))
    for path in (folder, scene_trees.zipped(folder, tmp_path / "data.zip")):
        dataset = read(path)
        assert dataset.splits() == (split,)
        scenes = list(dataset.scenes(split))
        assert [s.key for s in scenes] == [f"{images}/{name}" for name in given.files]
        assert [s.image.shape[:2] for s in scenes] == [(s.height, s.width) for s in scenes]
        assert not dataset.skipped(split)


def test_the_file_itself_and_the_name_of_the_archive(
    given: scene_trees.Real, tmp_path: Path
) -> None:
    folder = scene_trees.write_coco(tmp_path / "faces_val", given)
    (folder / "other.txt").write_text("no table")
    assert read(folder).splits() == ("valid",)
    alone = read(folder / "annotations.json")
    assert alone.splits() == ("valid",)
    scene_trees.same(list(alone.scenes("valid")), list(read(folder).scenes("valid")))
    assert read(scene_trees.zipped(folder, tmp_path / "my-test-set.zip")).splits() == ("test",)


def test_pictures_of_one_name_are_distinguished_by_the_split(
    given: scene_trees.Real, tmp_path: Path
) -> None:
    names = list(given.files)[:2]
    for split, name in zip(("train2017", "val2017"), names, strict=True):
        (tmp_path / split).mkdir()
        (tmp_path / split / "1.jpg").write_bytes(given.files[name])
        image = next(i for i in given.table["images"] if i["file_name"] == name)
        table = {**given.table, "images": [{**image, "file_name": "1.jpg"}]}
        (tmp_path / "annotations").mkdir(exist_ok=True)
        (tmp_path / "annotations" / f"{split}.json").write_text(json.dumps(table))
    dataset = read(tmp_path)
    assert dataset.splits() == ("train", "valid")
    for split, folder in (("train", "train2017"), ("valid", "val2017")):
        assert [scene.key for scene in dataset.scenes(split)] == [f"{folder}/1.jpg"]


def with_faces(given: scene_trees.Real, *faces: Any, **keys: Any) -> dict[str, Any]:
    """The table with its first picture's faces replaced."""
    image = given.table["images"][0]
    changed = [{"image_id": image["id"], "category_id": 1, **face} for face in faces]
    return {**given.table, "images": [image], "annotations": changed, **keys}


def first(folder: Path, table: dict[str, Any], *options: str) -> tuple[Scene, dict[str, Any]]:
    folder.mkdir(exist_ok=True)
    (folder / "a.json").write_text(json.dumps(table))
    dataset = read(folder, *options)
    (scene,) = dataset.scenes("train")
    return scene, dict(dataset.skipped("train"))


def test_bad_boxes_are_named_and_none_is_fatal(given: scene_trees.Real, tmp_path: Path) -> None:
    image = given.table["images"][0]
    width, height = image["width"], image["height"]
    table = with_faces(
        given,
        {"bbox": [10, 10, 20, 30]},
        {"bbox": [30, 40, -20, -30]},
        {"bbox": [10, 10, 0, 30]},
        {"bbox": [width + 1, 10, 20, 30]},
        {"bbox": [-10, height - 20, 30, 30]},
        {"bbox": [1, 2, None, 4]},
        {},
        {"bbox": [1e300, 2, 3, 4]},
        {"bbox": "1234"},
        {"bbox": {"1": 1, "2": 2, "3": 3, "4": 4}},
    )
    scene, skipped = first(tmp_path, table)
    assert scene.boxes.tolist() == [[10, 10, 30, 40]] * 2 + [[0, height - 20, 20, height]]
    key = image["file_name"]  # no such picture here, and nobody has asked for it yet
    assert skipped == {
        NO_NUMBERS: [f"{key}#{number}" for number in (6, 7, 8, 9, 10)],
        SWAPPED: [f"{key}#2"],
        NO_AREA: [f"{key}#3"],
        OUTSIDE: [f"{key}#4"],
        CLIPPED: [f"{key}#5"],
    }
    with pytest.raises(DatasetError, match="No such file"):
        _ = scene.image


def test_bad_entries_are_named(given: scene_trees.Real, tmp_path: Path) -> None:
    image = given.table["images"][0]
    table = with_faces(given, {"bbox": [1, 2, 3, 4], "attributes": 7, "subset": {"easy": 1}})
    good = table["annotations"][0]
    bad = [None, "face", [1], {**good, "image_id": 10**6}, {**good, "category_id": 9}, {"id": 3}]
    table["annotations"] += bad
    table["images"] = [image, {"id": -5}, {"id": -6, "file_name": 3}, {**image, "id": -7}]
    scene, skipped = first(tmp_path, table)
    assert len(scene.boxes) == 1
    assert not scene.attributes
    assert sorted(map(len, skipped.values())) == [1, 2, 6]
    assert skipped["picture is listed a second time"] == [scene.key]


def test_annotations_of_a_shared_id_are_left_out(given: scene_trees.Real, tmp_path: Path) -> None:
    """As where two files were joined: each box would lie in one picture or in another."""
    table = with_faces(given, {"bbox": [1, 2, 3, 4]}, {"bbox": [1, 2, 3, 4], "image_id": 7})
    image, other = table["images"][0], given.table["images"][1]
    table["images"] = [image, {**other, "id": image["id"]}, {**other, "id": 7}, {**other, "id": 7}]
    scene, skipped = first(tmp_path, table)
    assert (scene.key, len(scene.boxes)) == (other["file_name"], 1)  # the same one twice is no harm
    assert skipped == {
        "image shares its id with others": [image["file_name"], other["file_name"]],
        SHARED_ID: ["a.json#0"],
    }


def test_ids_that_would_collide_are_told_apart(tmp_path: Path) -> None:
    """Python's hashes of whole numbers can be foreseen: all of these have the same."""
    n, prime = 3000, 2**61 - 1
    ids = [number * prime for number in range(1, n + 1)]
    table = {
        "images": [{"id": i, "file_name": f"{k}.jpg"} for k, i in enumerate(ids)],
        "annotations": [{"image_id": i, "category_id": 1, "bbox": [1, 1, 5, 5]} for i in ids],
        "categories": [{"id": 1, "name": "face"}],
    }
    (tmp_path / "a.json").write_text(json.dumps(table))
    before = time.process_time()
    scenes = list(read(tmp_path).scenes("train"))
    assert len(scenes) == n and all(len(scene.boxes) == 1 for scene in scenes)
    assert time.process_time() - before < 2


def test_many_images_of_one_id_take_linear_time(tmp_path: Path) -> None:
    images = [{"id": 1, "file_name": f"{k}.jpg", "x": {"y": [k]}} for k in range(20_000)]
    images += [images[0], {"id": 2, "file_name": "good.jpg"}]
    (tmp_path / "a.json").write_text(
        json.dumps({"images": images, "annotations": [], "categories": []})
    )
    before = time.process_time()
    dataset = read(tmp_path)
    assert time.process_time() - before < 3  # comparing each with each takes ten
    assert len(dataset.skipped("train")["image shares its id with others"]) == 20_000


def test_the_number_of_subsets_has_a_limit(given: scene_trees.Real, tmp_path: Path) -> None:
    boxes = [{"bbox": [1, 2, 30, 40], "subset": [f"s{k}", "easy"]} for k in range(300)]
    scene, skipped = first(tmp_path, with_faces(given, *boxes))
    assert len(scene.subsets) == MOST_SUBSETS and scene.subsets["easy"].all()
    assert len(skipped[TOO_MANY_SUBSETS]) == 301 - MOST_SUBSETS


def test_no_image_that_can_be_used(given: scene_trees.Real, tmp_path: Path) -> None:
    image, other = given.table["images"][:2]
    shared_id = [image, {**other, "id": image["id"]}]
    for images, words in (
        (shared_id, r"\(image shares its id with others;"),
        ([], "no such image or category"),
    ):
        (tmp_path / "a.json").write_text(json.dumps({**given.table, "images": images}))
        with pytest.raises(DatasetError, match=f"a.json lists no usable image.*{words}"):
            read(tmp_path)


def test_a_picture_of_several_with_its_name_is_not_guessed(
    given: scene_trees.Real, tmp_path: Path
) -> None:
    image = given.table["images"][0]
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / image["file_name"]).parent.mkdir(exist_ok=True)
        (tmp_path / folder / image["file_name"]).write_bytes(given.files[image["file_name"]])
    scene, skipped = first(tmp_path, with_faces(given, {"bbox": [1, 2, 3, 4]}))
    assert skipped[AMBIGUOUS] == [scene.key] == [image["file_name"]]
    with pytest.raises(DatasetError, match="No such file"):
        _ = scene.image


def test_boxes_drawn_on_the_file_as_it_lies(tmp_path: Path) -> None:
    """A phone's photo, whose EXIF tag turns it by a quarter, and a tool that knew of none."""
    pixels = np.zeros((80, 100, 3), np.uint8)
    pixels[10:30, 60:90] = 255
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels).save(tmp_path / "a.jpg", exif=exif)
    image = {"id": 1, "file_name": "a.jpg", "width": 100, "height": 80}
    face = {"image_id": 1, "category_id": 1, "bbox": [60, 10, 30, 20]}
    categories = [{"id": 1, "name": "face"}]
    table = {"images": [image], "annotations": [face], "categories": categories}
    scene, _ = first(tmp_path, table)
    x1, y1, x2, y2 = scene.boxes[0].astype(int)
    assert scene.image.shape == pixels.shape
    assert scene.image[y1:y2, x1:x2].mean() > 240


def test_a_picture_is_a_file(
    given: scene_trees.Real, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIEN_DATA_ROOTS", "/dev")
    table = with_faces(given)
    table["images"] = [{**table["images"][0], "file_name": "/dev/zero"}]
    scene, _ = first(tmp_path, table)
    with pytest.raises(DatasetError, match=r"cannot read /dev/zero: it is a device"):
        _ = scene.image  # which would fill the memory


def test_ignored_faces(given: scene_trees.Real, tmp_path: Path) -> None:
    box = {"bbox": [1, 2, 3, 4]}
    table = with_faces(
        given, box, {**box, "iscrowd": 1}, {**box, "ignore": "1"}, {**box, "iscrowd": 0},
        {**box, "attributes": {"invalid": 1}}, {**box, "attributes": {"invalid": 0}},
        {**box, "ignore": False}, {**box, "ignore": True}, {**box, "subset": "easy"},
    )  # fmt: skip
    scene, skipped = first(tmp_path, table)
    assert np.flatnonzero(scene.ignored).tolist() == [1, 2, 4, 7]
    assert scene.attributes[4] == {"invalid": 1}
    assert np.flatnonzero(scene.subsets["easy"]).tolist() == [8]
    assert not skipped


@pytest.mark.parametrize(
    ("names", "option", "kept"),
    [
        (["person"], None, [0]),
        (["person", "Face"], None, [1]),
        (["head", "face", "human face", "face mask", "no-face"], None, [1, 2]),
        (["helmet", "Head"], None, [1]),
        (["with_mask", "without_mask", "dog"], "category=with_mask, Without_Mask", [0, 1]),
        (["face", "dog"], "category=dog", [1]),
    ],
)
def test_categories(
    names: list[str], option: str | None, kept: list[int], given: scene_trees.Real, tmp_path: Path
) -> None:
    categories = [{"id": i, "name": name} for i, name in enumerate(names)]
    faces = [{"bbox": [i, 0, 5, 5], "category_id": i} for i in range(len(names))]
    table = with_faces(given, *faces, categories=categories)
    scene, skipped = first(tmp_path, table, *([option] if option else []))
    assert scene.boxes[:, 0].tolist() == kept
    if len(kept) > 1:
        assert [said["category"] for said in scene.attributes] == [names[i] for i in kept]
    left = [f"category {n!r} is not one of faces" for n in names]
    assert list(skipped) == [reason for i, reason in enumerate(left) if i not in kept]


def test_which_categories_are_faces_must_be_known(given: scene_trees.Real, tmp_path: Path) -> None:
    categories = [{"id": i, "name": name} for i, name in enumerate(("dog", "cat"))]
    table = with_faces(given, {"bbox": [1, 2, 3, 4]}, categories=categories)
    with pytest.raises(DatasetError, match=r"category=NAME.*\(categories: cat, dog\)"):
        first(tmp_path, table)
    with pytest.raises(ConfigError, match=r"no category 'cow' \(categories: cat, dog\)"):
        first(tmp_path, table, "category=cow")


def test_pictures_without_a_face_or_without_an_annotation(
    given: scene_trees.Real, tmp_path: Path
) -> None:
    names = list(given.files)
    table = {**given.table, "images": given.table["images"][:4], "annotations": []}
    scene_trees.write_coco(tmp_path, scene_trees.Real(table, given.files))
    dataset = read(tmp_path)
    scenes = list(dataset.scenes("train"))
    assert [s.boxes.shape for s in scenes] == [(0, 4)] * 4
    assert dataset.skipped("train") == {
        "no annotation file mentions the picture": sorted(f"images/{name}" for name in names[4:])
    }


def test_what_is_no_data_set(given: scene_trees.Real, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no data at"):
        read(tmp_path / "gone")
    (tmp_path / "notes.json").write_text('{"a": 1}')
    with pytest.raises(DatasetError, match=r"no COCO file \(notes.json: not a COCO file"):
        read(tmp_path)
    (tmp_path / "b.json").write_text(json.dumps(given.table)[:-100])
    with pytest.raises(DatasetError, match=r"b\.json is damaged"):
        read(tmp_path)
    (tmp_path / "b.json").write_text(json.dumps(given.table))
    dataset = read(tmp_path)
    with pytest.raises(DatasetError, match=r"no split 'test' \(splits: train\)"):
        list(dataset.scenes("test"))
    assert dataset.skipped("test") == {}


def test_a_damaged_picture_is_reported_when_it_is_read(
    given: scene_trees.Real, tmp_path: Path
) -> None:
    scene_trees.write_coco(tmp_path, given)
    name = next(iter(given.files))
    (tmp_path / "images" / name).write_bytes(given.files[name][:2000])
    broken, good, *_ = read(tmp_path).scenes("train")
    assert good.image.shape == (good.height, good.width, 3)
    with pytest.raises(DatasetError, match="cannot be decoded"):
        _ = broken.image
