from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import pytest

from mien.datasets.guessing import fitting_readers, guess_reader
from mien.datasets.opening import open_dataset
from mien.errors import DatasetError
from mien.samples import ASTRONAUT
from tests.support import fer2013
from tests.support.fer2013 import Row


def face(side: int = 64) -> bytes:
    """The astronaut's face as a PNG file."""
    photo = cv2.imread(str(ASTRONAUT))
    crop = cv2.resize(photo[60:172, 168:280], (side, side), interpolation=cv2.INTER_AREA)
    return cv2.imencode(".png", crop)[1].tobytes()


def tree(folder: Path, *names: str, **texts: str) -> Path:
    """A folder with pictures at ``names``, and files whose double underscores are dots."""
    for name in names:
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(face())
    for name, text in texts.items():
        place = folder / name.replace("__", ".")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")
    return folder


def coco(*categories: str) -> str:
    named = [{"id": number, "name": name} for number, name in enumerate(categories)]
    return json.dumps({"images": [], "annotations": [], "categories": named})


VOC = "<annotation><filename>a.png</filename></annotation>"
TURK = '{"content": "https://x.org/a.png", "annotation": []}\n'
BOXES = "path,label,x1,y1,x2,y2\na.png,happy,1,2,30,40\n"
AFFECTNET = (
    "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,"
    "valence,arousal\n"
)
FORMS: dict[str, tuple[tuple[str, ...], dict[str, str], str, Sequence[str]]] = {
    "folder": (("train/happy/a.png", "Sad/b.png"), {}, "folder", ()),
    "numbered folders": (("0/a.png", "1/b.png"), {}, "folder", ("order",)),
    "own labels": (("bored/a.png",), {}, "folder", ("labels",)),
    "own labels in a table": (("pics/a.png",), {"t__csv": "path,label\n"}, "table", ("labels",)),
    "own labels in boxes": (("pics/a.png",), {"t__csv": BOXES}, "boxes", ("labels",)),
    "own labels in COCO's form": (("pics/a.png",), {"a__json": coco("x")}, "boxes", ("labels",)),
    "misspelt": (("hapy/a.png",), {}, "folder", ()),
    "a table": (("a.png",), {"faces__csv": "path,label\na.png,happy\n"}, "table", ()),
    "its columns named": (("a.png",), {"faces__csv": "a,b\na.png,happy\n"}, "table", ("image",)),
    "tabs": (("a.png",), {"faces__tsv": "path\tlabel\na.png\thappy\n"}, "table", ()),
    "JSON Lines": (("a.png",), {"f__jsonl": '{"path": "a.png", "label": "sad"}\n'}, "table", ()),
    "the hub's layout": (("sad/a.png",), {"metadata__csv": "file_name,label\n"}, "table", ()),
    "Parquet": ((), {"train__parquet": ""}, "table", ()),
    "boxes": (("a.png",), {"faces__csv": BOXES}, "boxes", ()),
    "boxes of some rows": (("a.png",), {"t__csv": f"{BOXES}a.png,sad,,,,\n"}, "table", ()),
    "boxes and semicolons": (("a.png",), {"t__csv": BOXES.replace(",", ";")}, "table", ()),
    "boxes in COCO's form": (("a.png",), {"a__json": coco("happy", "sad")}, "boxes", ()),
    "COCO": (("a.png",), {"a__json": coco("face")}, "coco", ()),
    "VOC": (("a.png",), {"a__xml": VOC}, "voc", ()),
    "Dataturks": (("a.png",), {"export__json": TURK}, "dataturks", ()),
    "WIDER FACE": (("a.png",), {"wider_face_val_bbx_gt__txt": "a.png\n0\n"}, "wider", ()),
    "FDDB": (("a.png",), {"FDDB-fold-01-ellipseList__txt": "a\n0\n"}, "fddb", ()),
    "AffectNet": ((), {"training__csv": AFFECTNET}, "affectnet", ()),
    "AffectNet of 2021": (("val_set/images/1.png",), {}, "affectnet2021", ()),
    "a pack": ((), {"pack__json": "{}"}, "packed", ()),
}


@pytest.mark.parametrize("form", FORMS)
def test_what_lies_there_names_its_reader(form: str, tmp_path: Path) -> None:
    pictures, texts, reader, options = FORMS[form]
    assert guess_reader(tree(tmp_path / "data", *pictures, **texts), None, options) == reader


def test_copies_of_fer2013(fer2013_rows: list[Row], tmp_path: Path) -> None:
    table = fer2013.write_csv(tmp_path / "anything", fer2013_rows)
    assert guess_reader(table) == "fer2013"
    named = {"train/happy/Training_7.png": fer2013_rows[0].image}
    assert guess_reader(fer2013.write_folder(tmp_path / "a", named)) == "fer2013"
    words = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    for side, reader in ((48, "fer2013"), (64, "folder")):
        seven = tree(tmp_path / reader)
        for split in ("train", "test"):
            for word in words:
                (seven / split / word).mkdir(parents=True)
                (seven / split / word / "im0.png").write_bytes(face(side))
        assert guess_reader(seven) == reader


def test_the_kind_of_model_narrows_the_guess(tmp_path: Path) -> None:
    expressions = tree(tmp_path / "a", "a.png", a__json=coco("happy"))
    assert guess_reader(expressions, "crops") == "boxes"
    assert guess_reader(expressions, "scenes") == "coco"
    with pytest.raises(DatasetError, match="not look like pictures with marked faces: it can be"):
        guess_reader(tree(tmp_path / "b", "happy/b.png"), "scenes")


def test_what_fits_in_several_ways_is_asked_for(tmp_path: Path) -> None:
    both = tree(tmp_path, "happy/a.png", faces__csv="path,label\nhappy/a.png,happy\n")
    assert fitting_readers(both) == ["folder", "table"]
    with pytest.raises(DatasetError, match=r"several ways: .* --dataset \(folder, table\)$"):
        open_dataset(both)
    assert open_dataset(both, options=["image=path"]).facts.reader == "table"


def test_what_nothing_fits(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="nothing labels its 2 pictures; expected folders"):
        guess_reader(tree(tmp_path / "photos", "a.png", "b.png"))
    with pytest.raises(DatasetError, match=r"faces.tar.gz in it may have to be unpacked first"):
        guess_reader(tree(tmp_path / "packed", faces__tar__gz=""))
    with pytest.raises(DatasetError, match="choose its reader with --dataset"):
        guess_reader(tree(tmp_path / "notes", notes__md="hello"))
    with pytest.raises(DatasetError, match=r"'hapy' is not .* did you mean 'happy'\?.*labels=free"):
        open_dataset(tree(tmp_path / "misspelt", "hapy/a.png"))


def test_a_guess_fetches_nothing(tmp_path: Path) -> None:
    """The export alone asks for its pictures; a folder in which it lies does not."""
    folder = tree(tmp_path, export__json=TURK)
    assert guess_reader(folder / "export.json") == "dataturks"
    assert fitting_readers(folder) == []


def test_real_data_sets(shared: Path) -> None:
    data = shared / "data"
    found = {path.name: guess_reader(path) for path in sorted(data.glob("*.zip"))}
    assert found.pop("fer2013.zip") == "fer2013"
    assert set(found.values()) == {"coco"}
