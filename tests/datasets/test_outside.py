"""No reader shows a picture that lies outside its data set, or stops at one that is missing."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mien.datasets.opening import open_dataset
from mien.errors import DatasetError
from mien.samples import ASTRONAUT

PHOTO = ASTRONAUT.read_bytes()
OUTSIDE = [
    "{up}../outside/secret.jpg", "{root}/../outside/secret.jpg", "{up}link.jpg",
    "{up}folder/secret.jpg",
]  # fmt: skip
MISSING = "gone.jpg"


def coco(picture: str) -> dict[str, str]:
    images = [{"id": 0, "file_name": picture}, {"id": 1, "file_name": "good.jpg"}]
    faces = [{"image_id": i, "category_id": 1, "bbox": [50, 50, 90, 90]} for i in range(2)]
    table = {"images": images, "annotations": faces, "categories": [{"id": 1, "name": "happy"}]}
    return {"a.json": json.dumps(table)}


def coco_of_faces(picture: str) -> dict[str, str]:
    return {"a.json": coco(picture)["a.json"].replace("happy", "face")}


def voc(picture: str) -> dict[str, str]:
    corners = "<xmin>50</xmin><ymin>50</ymin><xmax>90</xmax><ymax>90</ymax>"
    face = f"<object><name>face</name><bndbox>{corners}</bndbox></object>"
    xml = "<annotation><filename>{}</filename>" + face + "</annotation>"
    return {
        "Annotations/one.xml": xml.format(picture),
        "Annotations/two.xml": xml.format("good.jpg"),
    }


def wider(picture: str) -> dict[str, str]:
    face = "50 50 90 90 0 0 0 0 0 0"
    lines = f"{picture}\n1\n{face}\ngood.jpg\n1\n{face}\n"
    return {"wider_face_split/wider_face_train_bbx_gt.txt": lines}


def fddb(picture: str) -> dict[str, str]:
    face = "40 30 1.5 90 90 1"
    lines = f"{picture.removesuffix('.jpg')}\n1\n{face}\ngood\n1\n{face}\n"
    return {"FDDB-folds/FDDB-fold-01-ellipseList.txt": lines}


def boxes(picture: str) -> dict[str, str]:
    rows = "".join(f"{name},happy,50,50,90,90\n" for name in (picture, "good.jpg"))
    return {"a.csv": f"path,label,x1,y1,x2,y2\n{rows}"}


def affectnet(picture: str) -> dict[str, str]:
    rows = "".join(f"{name},50,50,90,90,,1,0,0\n" for name in ("good.jpg", picture))
    return {"training.csv": rows}


READERS = {
    "coco": coco_of_faces, "boxes": coco, "boxes csv": boxes, "voc": voc, "wider": wider,
    "fddb": fddb, "affectnet": affectnet,
}  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A data set's folder with a good picture, links to a picture and a folder beside it."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret.jpg").write_bytes(PHOTO)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/good.jpg").write_bytes(PHOTO)
    (tmp_path / "data/link.jpg").symlink_to(tmp_path / "outside/secret.jpg")
    (tmp_path / "data/folder").symlink_to(tmp_path / "outside")
    return tmp_path / "data"


def pictures(path: Path, reader: str) -> Iterator[Any]:
    """Each picture, or why it cannot be read."""
    dataset: Any = open_dataset(path, reader.partition(" ")[0])
    (split,) = dataset.splits()
    for item in dataset.scenes(split) if hasattr(dataset, "scenes") else dataset.samples(split):
        try:
            yield item.image.shape
        except DatasetError as error:
            yield str(error)


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("reader", READERS)
def test_pictures_outside_are_refused(
    reader: str, name: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    up = "../" if reader in ("voc", "wider", "fddb") else ""  # their tables lie in a folder
    write(root, READERS[reader](name.format(root=root, up=up)))
    found = sorted(pictures(root, reader), key=str)
    assert len(found) == 2 and isinstance(found[0], tuple)
    assert "it lies outside the data set, and is not read unless MIEN_DATA_ROOTS" in found[1]
    monkeypatch.setenv("MIEN_DATA_ROOTS", str(root.parent / "outside"))
    assert all(isinstance(shape, tuple) for shape in pictures(root, reader))


@pytest.mark.parametrize("place", ["folder", "zip"])
@pytest.mark.parametrize("reader", READERS)
def test_a_missing_picture_is_one_that_cannot_be_read(reader: str, place: str, root: Path) -> None:
    files = READERS[reader](MISSING)
    path = root
    if place == "folder":
        write(root, files)
    elif reader == "affectnet":
        return  # reads folders only
    else:
        path = root / "a.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in {**files, "good.jpg": PHOTO}.items():
                archive.writestr(name, data)
    found = sorted(pictures(path, reader), key=str)
    assert len(found) == 2 and isinstance(found[0], tuple)
    assert "gone.jpg" in found[1] and ("no such member" in found[1] or "No such file" in found[1])


def test_a_picture_that_is_deleted_meanwhile(root: Path) -> None:
    write(root, boxes("good.jpg"))
    dataset = open_dataset(root, "boxes")
    samples = list(dataset.samples("train"))
    (root / "good.jpg").unlink()
    for sample in samples:
        with pytest.raises(DatasetError, match="No such file"):
            _ = sample.image
