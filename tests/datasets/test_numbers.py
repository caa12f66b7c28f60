"""Numbers that no data set has, wherever a reader reads one: each gives one clear line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mien.datasets.inspection import inspect
from mien.datasets.opening import open_dataset
from mien.errors import MienError
from mien.samples import ASTRONAUT
from tests.support import fer2013

PHOTO = ASTRONAUT.read_bytes()
ODD = {
    "400 digits": "9" * 400, "5000 digits": "9" * 5000, "-5000 digits": "-" + "9" * 5000,
    "infinite": "1e400", "tiny": "1e-320", "Infinity": "Infinity", "nan": "nan", "empty": "",
    "words": "two", "fraction": "2.5", "negative": "-1", "Arabic": "٣", "hexadecimal": "0x2",
    "huge float": "1e308", "zero": "0",
}  # fmt: skip


def fer2013_emotion(odd: str) -> dict[str, str]:
    pixels = " ".join(["0", odd.split()[0] if odd.strip() else "1", *["7"] * 2302])
    rows = [f"{emotion},{pixels},Training" for emotion in ("3", odd)]
    return {"fer2013.csv": "\n".join(["emotion,pixels,Usage", *rows])}


def fer2013_name(odd: str) -> dict[str, str]:
    return {f"train/happy/Training_{odd}.png": "", "train/happy/Training_1.png": ""}


def votes(odd: str) -> dict[str, str]:
    header = "Usage,Image name,a,b,c,d,e,f,g,h,i,j"
    table = "\n".join([header, f"Training,fer0.png,{odd},9,0,0,0,0,0,0,0,{odd}"])
    return {**fer2013_emotion("3"), "ferplus.csv": table}


def affectnet(odd: str) -> dict[str, str]:
    numbers = ["1,2,30,40,,{},0,0", "{},2,30,40,,1,0,0", "1,2,{},40,,1,0,0", "1,2,30,40,,1,{},{}"]
    rows = [f"good.jpg,{row.format(odd, odd)}" for row in numbers]
    return {"training.csv": "\n".join(["good.jpg,1,2,30,40,,1,0,0", *rows])}


def affectnet_numbers(odd: str) -> dict[str, str]:
    return {"training.csv": f"good.jpg,{odd},2,{odd},40,,1,{odd},{odd}\n"}


def folder(odd: str) -> dict[str, str]:
    return {f"train/{odd or 'x'}/1.png": "", "train/happy/2.png": ""}


def rafdb(odd: str) -> dict[str, str]:
    return {"list_patition_label.txt": f"train_1.jpg 4\ntrain_2.jpg {odd}\n", "train_1.jpg": ""}


def boxes_csv(odd: str) -> dict[str, str]:
    header = "path,label,x1,y1,x2,y2,width,height,valence,arousal"
    rows = [f"good.jpg,happy,{odd},5,60,70,{odd},{odd},{odd},{odd}", "good.jpg,happy,5,5,60,70,,,,"]
    return {"a.csv": "\n".join([header, *rows, f"good.jpg,{odd},5,5,60,70,,,,"])}


def coco(odd: str, name: str = "face") -> dict[str, str]:
    values = [f'"{odd}"', *([odd] if _is_json(odd) else [])]
    images = ",".join(
        f'{{"id": {i}, "file_name": "good.jpg", "width": {v}, "height": {v}}}'
        for i, v in enumerate(values)
    )
    faces = ",".join(
        f'{{"image_id": {i}, "category_id": 1, "bbox": [{v}, 1, 20, {v}], "iscrowd": {v}}},'
        f'{{"image_id": {v}, "category_id": {v}, "bbox": [1, 1, 20, 20]}}'
        for i, v in enumerate(values)
    )
    categories = f'[{{"id": 1, "name": "{name}"}}]'
    return {
        "a.json": f'{{"images": [{images}], "annotations": [{faces}], "categories": {categories}}}'
    }


def boxes_coco(odd: str) -> dict[str, str]:
    return coco(odd, "happy")


def voc(odd: str) -> dict[str, str]:
    corners = f"<xmin>{odd}</xmin><ymin>1</ymin><xmax>{odd}</xmax><ymax>9</ymax>"
    face = (
        f"<object><name>face</name><difficult>{odd}</difficult><bndbox>{corners}</bndbox></object>"
    )
    size = f"<size><width>{odd}</width><height>{odd}</height></size>"
    inner = f"<filename>good.jpg</filename>{size}<object>{face}</object>"
    return {"a.xml": f"<annotation>{inner}</annotation>"}


def wider(odd: str) -> dict[str, str]:
    faces = [f"{odd or 0} 5 60 70 0 0 0 0 0 0", f"5 5 60 70 {odd or 0} 0 0 {odd or 0} 0 0"]
    lines = "\n".join(["good.jpg", "2", *faces, ""])
    return {"wider_face_train_bbx_gt.txt": lines}


def wider_count(odd: str) -> dict[str, str]:
    return {"wider_face_train_bbx_gt.txt": f"good.jpg\n{odd}\n5 5 60 70 0 0 0 0 0 0\n"}


def fddb(odd: str) -> dict[str, str]:
    return {"FDDB-fold-01-ellipseList.txt": f"good\n1\n{odd or 0} 30 {odd or 0} 90 {odd or 0} 1\n"}


def fddb_name(odd: str) -> dict[str, str]:
    return {f"FDDB-fold-{odd[:200]}-ellipseList.txt": "good\n1\n40 30 1 90 90 1\n"}


def dataturks(odd: str) -> dict[str, str]:
    values = [f'"{odd}"', *([odd] if _is_json(odd) else [])]
    points = '"label": ["F"], "points": [[{0}, 0.1], [0.5, {0}]]'
    face = f'{{{{{points}, "imageWidth": {{0}}, "imageHeight": 3}}}}'
    lines = [
        f'{{"content": "http://h/{name}", "annotation": [{face.format(value)}]}}'
        for value, name in zip(values, ("good.jpg", "broken.jpg"), strict=False)
    ]
    return {"e.json": "\n".join(lines), "broken.jpg": "words"}


def _is_json(text: str) -> bool:
    try:
        json.loads(text.lstrip("-")[:300] or "x")
    except ValueError:
        return False
    return True


CASES = {
    "fer2013": (fer2013_emotion, fer2013_name), "ferplus": (votes,),
    "affectnet": (affectnet, affectnet_numbers), "folder": (folder, rafdb),
    "boxes": (boxes_csv, boxes_coco), "coco": (coco,), "voc": (voc,), "wider": (wider, wider_count),
    "fddb": (fddb, fddb_name), "dataturks": (dataturks,),
}  # fmt: skip
OPTIONS = {"folder": ["order=fer2013"], "boxes": ["order=fer2013"]}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("reader", CASES)
def test_odd_numbers_are_one_line_each(reader: str, odd: str, tmp_path: Path) -> None:
    """Either the whole data set is refused, or the entry is left out or repaired."""
    for number, case in enumerate(CASES[reader]):
        place = tmp_path / str(number)
        files: dict[str, Any] = {"good.jpg": PHOTO, **case(ODD[odd])}
        path = place
        if any(len(name) > 200 for name in files):  # names that only a zip can have
            path = fer2013.write_zip(place.with_suffix(".zip"), files)
        else:
            fer2013.write_folder(place, {n: _bytes(data) for n, data in files.items()})
        if reader == "fer2013":
            (place / "good.jpg").unlink(missing_ok=True)
        try:
            inspect(open_dataset(path, reader, OPTIONS.get(reader, [])))
        except MienError as error:
            assert "\n" not in str(error)


def _bytes(data: str | bytes) -> bytes:
    return data.encode() if isinstance(data, str) else data
