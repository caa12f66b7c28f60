from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mien.datasets.base import SceneDataset
from mien.datasets.boxes import CLIPPED
from mien.datasets.opening import open_dataset
from mien.errors import ConfigError, DatasetError
from tests.support import scene_trees


def read(path: Path, *options: str, name: str = "voc") -> SceneDataset:
    dataset = open_dataset(path, name, options)
    assert isinstance(dataset, SceneDataset)
    return dataset


@pytest.fixture
def tmp_path(tmp_path: Path) -> Path:
    """A folder without the word test in its name, which would be read as the split."""
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture(scope="module")
def given(material: Path) -> scene_trees.Real:
    return scene_trees.real(material / "data" / "facemask853.zip", every=60)


def test_the_same_faces_as_in_coco_form(given: scene_trees.Real, tmp_path: Path) -> None:
    tree = scene_trees.write_voc(tmp_path / "VOC2007", given)
    expected = list(
        read(scene_trees.write_coco(tmp_path / "c", given), name="coco").scenes("train")
    )
    for path in (tree, tmp_path, scene_trees.zipped(tree, tmp_path / "VOC.zip")):
        if path == tmp_path:
            path = scene_trees.write_voc(tmp_path / "kit" / "VOCdevkit" / "VOC2012", given).parent
        dataset = read(path)
        assert dataset.splits() == ("train",)
        scenes = list(dataset.scenes("train"))
        scene_trees.same(scenes, expected)
        assert all((s.height, s.width) == s.image.shape[:2] for s in scenes)
        assert scenes[0].attributes[0] == {"pose": "Frontal", "truncated": "0"}


def test_pixels_count_from_one_as_published(tmp_path: Path) -> None:
    image = {"file_name": "000005.jpg", "width": 20, "height": 10}
    (tmp_path / "Annotations").mkdir()
    face = {"bbox": [0, 0, 20, 10], "ignore": 1}
    (tmp_path / "Annotations" / "000005.xml").write_text(scene_trees.voc_xml(image, [face]))
    (scene,) = read(tmp_path).scenes("train")
    assert scene.boxes.tolist() == [[0, 0, 20, 10]]  # <xmin>1</xmin> … <xmax>20</xmax>
    assert scene.ignored.tolist() == [True]  # difficult
    (scene,) = read(tmp_path, "corners=edges").scenes("train")
    assert scene.boxes.tolist() == [[1, 1, 20, 10]]
    with pytest.raises(ConfigError, match="voc has corners=pixels, edges, not 'one'"):
        read(tmp_path, "corners=one")


def test_splits_are_those_listed(given: scene_trees.Real, tmp_path: Path) -> None:
    tree = scene_trees.write_voc(tmp_path, given)
    stems = sorted(Path(name).stem for name in given.files)
    place = tree / "ImageSets" / "Main"
    place.mkdir(parents=True)
    lists = {
        "train": stems[:5],
        "val": stems[5:8],
        "trainval": stems[:8],
        "test": [*stems[8:10], "gone"],
    }
    for name, listed in lists.items():
        (place / f"{name}.txt").write_text("".join(f"{stem}\n" for stem in listed))
    (place / "face_train.txt").write_text("".join(f"{stem}  1\n" for stem in stems))
    dataset = read(tree)
    assert dataset.splits() == ("train", "valid", "test")
    for split, name in (("train", "train"), ("valid", "val"), ("test", "test")):
        found = [Path(scene.key).stem for scene in dataset.scenes(split)]
        assert found == [stem for stem in lists[name] if stem != "gone"]
    left = [key for keys in dataset.skipped("train").values() for key in keys]
    assert [f"Annotations/{stem}.xml" for stem in stems[10:]] == [k for k in left if ".xml" in k]
    (place / "train.txt").unlink()
    found = [Path(scene.key).stem for scene in read(tree).scenes("train")]
    assert found == lists["trainval"]


def test_files_beside_their_pictures_by_folder(given: scene_trees.Real, tmp_path: Path) -> None:
    """As many tools export it; pictures were renamed since, as they often are."""
    for number, (image, faces) in enumerate(given.faces()):
        folder = tmp_path / ("train", "valid")[number % 2]
        folder.mkdir(exist_ok=True)
        name = f"test_{number // 2}"  # the same names in both, and no split
        (folder / f"{name}.jpg").write_bytes(given.files[image["file_name"]])
        (folder / f"{name}.xml").write_text(scene_trees.voc_xml(image, faces))
    dataset = read(tmp_path)
    assert dataset.splits() == ("train", "valid")
    images = given.table["images"]
    for number, split in enumerate(("train", "valid")):
        scenes = {scene.key: scene for scene in dataset.scenes(split)}
        assert len(scenes) == len(images[number::2])
        for i, image in enumerate(images[number::2]):
            scene = scenes[f"{split}/test_{i}.jpg"]
            assert scene.image.shape[:2] == (image["height"], image["width"])
    alone = read(tmp_path / "valid" / "test_0.xml")
    (scene,) = alone.scenes("valid")
    assert scene.image.shape[:2] == (images[1]["height"], images[1]["width"])


def test_objects_that_are_no_faces(given: scene_trees.Real, tmp_path: Path) -> None:
    image, faces = next(given.faces())
    (tmp_path / "Annotations").mkdir()
    named = [
        {**faces[i % len(faces)], "name": name} for i, name in enumerate(["face", "dog", "face"])
    ]
    path = tmp_path / "Annotations" / "a.xml"
    path.write_text(scene_trees.voc_xml(image, named))
    dataset = read(tmp_path)
    (scene,) = dataset.scenes("train")
    assert len(scene.boxes) == 2
    reason = "category 'dog' is not one of faces"
    assert dataset.skipped("train")[reason] == ["Annotations/a.xml#2"]
    (scene,) = read(tmp_path, "category=dog").scenes("train")
    assert len(scene.boxes) == 1
    path.write_text(scene_trees.voc_xml(image, [{**named[0], "name": "cat"}, named[1]]))
    with pytest.raises(DatasetError, match=r"category=NAME.*\(categories: cat, dog\)"):
        read(tmp_path)


def test_bad_files_and_boxes_are_named(given: scene_trees.Real, tmp_path: Path) -> None:
    tree = scene_trees.write_voc(tmp_path, given)
    xmls = sorted((tree / "Annotations").glob("*.xml"))
    xmls[0].write_text(xmls[0].read_text()[:200])
    (tree / "Annotations" / "layout.xml").write_text("<layout/>")
    (tree / "Annotations" / "zz1.xml").write_text(
        '<?xml version="1.0" encoding="nope"?><annotation/>'
    )
    (tree / "Annotations" / "zz2.xml").write_bytes('<?xml encoding="utf-32"?><a/>'.encode("utf-32"))
    changed = xmls[1].read_text().replace("<xmin>", "<xmin>-", 1).replace("<xmax>", "<xmax>?")
    xmls[1].write_text(changed.replace("<xmax>?", "<xmax>", 1))
    dataset = read(tree)
    scenes = list(dataset.scenes("train"))
    assert len(scenes) == len(given.files) - 1
    skipped = dataset.skipped("train")
    damaged = [xmls[0].name, "zz1.xml", "zz2.xml"]
    assert skipped["annotation file is damaged"] == [f"Annotations/{name}" for name in damaged]
    assert any(key.endswith("#1") for key in skipped[CLIPPED])
    assert np.isfinite(scenes[0].boxes).all()


def annotation(filename: str, name: str = "face", encoding: str = "") -> bytes:
    declared = f'<?xml version="1.0" encoding="{encoding}"?>' if encoding else ""
    corners = "<xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax>"
    face = f"<object><name>{name}</name><bndbox>{corners}</bndbox></object>"
    text = f"{declared}<annotation><filename>{filename}</filename>{face}</annotation>"
    return text.encode({"gb2312": "gbk"}.get(encoding.lower(), encoding) or "utf-8")


@pytest.mark.parametrize(
    ("filename", "picture"),
    [
        ("pic_1.xml", "pic_1.jpg"),
        ("PIC_1.XML", "pic_1.jpg"),
        ("old.xml", "pic_1.png"),  # renamed after it was annotated
        ("pic_1.jpg", "PIC_1.JPG"),
        ("pic_1", "pic_1.jpeg"),
        ("other.xml", "other.bmp"),
        ("pic_1.png", "pic_1.jpg"),  # converted after it was annotated
        ("", "pic_1.webp"),
    ],
)
@pytest.mark.parametrize("place", ["", "JPEGImages/", "images/"])
def test_what_the_picture_is_called(
    filename: str, picture: str, place: str, tmp_path: Path
) -> None:
    home = "Annotations/" if place else ""
    scene_trees.write_files(
        tmp_path, {f"{home}pic_1.xml": annotation(filename), f"{place}{picture}": b""}
    )
    dataset = read(tmp_path)
    assert [scene.key for scene in dataset.scenes("train")] == [f"{place}{picture}"]
    assert dataset.skipped("train") == {}


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("gb2312", "人脸"), ("GB2312", "镕"), ("GBK", "人臉"), ("gb18030", "人脸"), ("Big5", "人臉"),
     ("Shift_JIS", "顔"), ("EUC-JP", "顔"), ("EUC-KR", "얼굴"), ("windows-1251", "лицо"),
     ("iso-8859-1", "tête"), ("utf-16", "人脸"), ("utf-8", "人脸"), ("", "人脸")],
)  # fmt: skip
def test_every_encoding_that_is_declared(encoding: str, name: str, tmp_path: Path) -> None:
    """GB 2312 lacks the second name, but files that declare it often have it."""
    scene_trees.write_files(tmp_path, {"a.xml": annotation("a.jpg", name, encoding), "a.jpg": b""})
    (scene,) = read(tmp_path, f"category={name}").scenes("train")
    assert scene.boxes.tolist() == [[0, 0, 9, 9]]


@pytest.mark.parametrize("encoding", ["gb2312", "idna", "zip", "nope", "x" * 99])
def test_an_encoding_that_does_not_fit_is_damage(encoding: str, tmp_path: Path) -> None:
    head = f'<?xml version="1.0" encoding="{encoding}"?><annotation>'.encode()
    files = {"a.xml": head + b"\xff\xff</annotation>", "b.xml": annotation("b.jpg")}
    dataset = read(scene_trees.write_files(tmp_path, files))
    assert dataset.skipped("train")["annotation file is damaged"] == ["a.xml"]


def test_a_huge_file_is_not_parsed(tmp_path: Path) -> None:
    huge = annotation("a.jpg").replace(b"</annotation>", b"<a/>" * 1_000_000 + b"</annotation>")
    files = {"a.xml": huge, "b.xml": annotation("b.jpg")}
    dataset = read(
        scene_trees.zipped(scene_trees.write_files(tmp_path / "x", files), tmp_path / "a.zip")
    )
    assert dataset.skipped("train")["annotation file is damaged"] == ["a.xml"]


def test_what_is_no_voc(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("<html/>")
    with pytest.raises(DatasetError, match=r"no annotations of Pascal VOC; expected XML files"):
        read(tmp_path)
    (tmp_path / "b.xml").write_text("<annotation>")
    with pytest.raises(DatasetError, match=r"Pascal VOC: b\.xml: .*; expected XML"):
        read(tmp_path)
