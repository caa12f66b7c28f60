from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mien.errors import DatasetError
from mien.labelling.pictures import LARGEST, UNPRINTABLE, Known, Pictures, shuffled
from mien.samples import ASTRONAUT
from tests.support.labelling import write_faces


def test_any_tree_of_pictures(tmp_path: Path) -> None:
    pictures = Pictures(write_faces(tmp_path, 4))
    assert pictures.names == (
        "visit0/00.png", "visit0/02.png", "visit1/01.png", "visit1/03.png"
    )  # fmt: skip
    assert pictures.known == {}


def test_labels_of_folders(tmp_path: Path) -> None:
    for folder in ("train/03_happy/anna", "test/Drowsy", "else"):
        write_faces(tmp_path / folder, 1)
    assert {name: known.label for name, known in Pictures(tmp_path, ["drowsy"]).known.items()} == {
        "train/03_happy/anna/visit0/00.png": "happiness", "test/Drowsy/visit0/00.png": "drowsy",
    }  # fmt: skip


def test_labels_of_a_table(tmp_path: Path) -> None:
    write_faces(tmp_path / "happy", 2)
    (tmp_path / "faces.csv").write_text(
        "Path,label,subject\nhappy\\visit0\\00.png,SAD,anna\n./happy/visit1/01.png,pain,\n", "utf-8"
    )
    assert Pictures(tmp_path).known == {
        "happy/visit0/00.png": Known("sadness", ("", "anna")),
        "happy/visit1/01.png": Known("pain", ("", "")),
    }


def test_a_table_that_is_none(tmp_path: Path) -> None:
    write_faces(tmp_path / "sad", 1)
    (tmp_path / "faces.csv").write_text("something,else\n1,2\n")
    assert [known.label for known in Pictures(tmp_path).known.values()] == ["sadness"]
    (tmp_path / "faces.csv").write_bytes(b"path,label\n\xff\xfe\n")
    with pytest.raises(DatasetError, match=r"faces\.csv cannot be read"):
        _ = Pictures(tmp_path).known


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    write_faces(tmp_path, 1)
    (tmp_path / "a.xcf").touch()
    (tmp_path / "b\u202egpj.png").touch()
    (tmp_path / "notes.txt").touch()
    pictures = Pictures(tmp_path)
    assert pictures.names == ("visit0/00.png",)
    assert pictures.left_out == {".xcf is not read: convert it to JPEG or PNG": 1, UNPRINTABLE: 1}


def test_nothing_to_label(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no pictures to label"):
        Pictures(tmp_path)
    with pytest.raises(DatasetError, match="no such file or folder"):
        Pictures(tmp_path / "none")
    (tmp_path / "b\n.png").touch()
    with pytest.raises(DatasetError, match=r"1 left out: its name has characters"):
        Pictures(tmp_path)


def test_a_zip(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(ASTRONAUT, "happy/a.jpg")
    pictures = Pictures(tmp_path / "a.zip")
    assert pictures.names == ("happy/a.jpg",) and not pictures.is_folder
    assert pictures.encoded("happy/a.jpg")[1] == "image/jpeg"


def test_small_pictures_reach_the_page_as_they_are(tmp_path: Path) -> None:
    pictures = Pictures(write_faces(tmp_path, 1))
    data, kind = pictures.encoded("visit0/00.png")
    assert kind == "image/png"
    with Image.open(BytesIO(data)) as shown:
        assert (np.asarray(shown.convert("RGB")) == pictures.pixels("visit0/00.png")).all()


def test_large_pictures_are_reduced_and_upright_and_without_metadata(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "secret"
    with Image.open(ASTRONAUT) as picture:
        picture.resize((1600, 800)).save(tmp_path / "a.jpg", exif=exif)
    data, kind = Pictures(tmp_path).encoded("a.jpg")
    assert kind == "image/jpeg" and b"secret" not in data
    with Image.open(BytesIO(data)) as shown:
        assert shown.size == (LARGEST // 2, LARGEST)


def test_a_picture_that_is_damaged_or_gone(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(DatasetError, match="cannot be decoded"):
        Pictures(tmp_path).encoded("a.png")
    pictures = Pictures(tmp_path)
    (tmp_path / "a.png").unlink()
    with pytest.raises(DatasetError, match="cannot read"):
        pictures.encoded("a.png")


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    folder = write_faces(tmp_path / "faces", 1)
    (folder / "a.jpg").symlink_to(ASTRONAUT)
    with pytest.raises(DatasetError, match="outside"):
        Pictures(folder).encoded("a.jpg")


def test_orders_differ_by_rater_and_seed_and_new_pictures_change_nothing() -> None:
    names = [f"{n}.png" for n in range(50)]
    anna = shuffled(names, 0, "anna")
    assert sorted(anna) == sorted(names) and anna != tuple(names)
    assert shuffled(names, 0, "anna") == anna == shuffled(names[::-1], 0, "anna")
    assert (
        len({anna, shuffled(names, 0, "ben"), shuffled(names, 1, "anna"), shuffled(names, 0)}) == 4
    )
    more = shuffled([*names, "new.png"], 0, "anna")
    assert tuple(name for name in more if name != "new.png") == anna
