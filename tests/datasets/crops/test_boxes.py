from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mien.datasets.base import Dataset
from mien.datasets.boxes import NO_AREA, NO_NUMBERS, OUTSIDE, SWAPPED
from mien.datasets.files.pictures import Picture
from mien.datasets.opening import open_dataset
from mien.errors import ConfigError, DatasetError

CATEGORIES = ("Happy", "sad", "neutral", "SURPRISE")


def read(path: Path, *options: str) -> Dataset:
    return open_dataset(path, "boxes", options)


@pytest.fixture(scope="module")
def faces(material: Path) -> dict[str, Any]:
    """Real photos and their boxes, with expressions for categories."""
    with zipfile.ZipFile(material / "data" / "facemask853.zip") as archive:
        given = json.loads(archive.read("annotations.json"))
        images = given["images"][:3]
        known = {image["id"] for image in images}
        boxes = [dict(a) for a in given["annotations"] if a["image_id"] in known]
        pictures = {i["file_name"]: archive.read(f"images/{i['file_name']}") for i in images}
    for number, annotation in enumerate(boxes):
        annotation["category_id"] = number % 4 + 1
    categories = [{"id": i + 1, "name": name} for i, name in enumerate(CATEGORIES)]
    table = {"images": images, "annotations": boxes, "categories": categories}
    return {"table": table, "pictures": pictures}


def write(path: Path, pictures: dict[str, bytes], folder: str) -> None:
    (path / folder).mkdir(parents=True, exist_ok=True)
    for name, data in pictures.items():
        (path / folder / name).write_bytes(data)


def square(photo: NDArray[np.uint8], box: list[float]) -> NDArray[np.uint8]:
    """The square around the longer side, its border repeated by np.pad."""
    x, y, width, height = box
    side = round(max(width, height))
    left, top = round(x + width / 2 - side / 2), round(y + height / 2 - side / 2)
    padded = np.pad(photo, ((500, 500), (500, 500), (0, 0)), "edge")
    return padded[top + 500 : top + 500 + side, left + 500 : left + 500 + side]


@pytest.mark.parametrize(
    ("table", "images", "split"),
    [
        ("annotations.json", "images", "train"),
        ("annotations/instances_val2017.json", "val2017", "valid"),
        ("test/_annotations.coco.json", "test", "test"),
        ("train.json", "", "train"),
    ],
)
@pytest.mark.parametrize("form", ["folder", "zip", "file"])
def test_coco(
    table: str, images: str, split: str, form: str, faces: dict[str, Any], tmp_path: Path
) -> None:
    place = tmp_path / "data"
    write(place, faces["pictures"], images)
    (place / table).parent.mkdir(exist_ok=True)
    (place / table).write_text(json.dumps(faces["table"]))
    path = place
    if form == "zip":
        path = tmp_path / "data.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in place.rglob("*.*"):
                archive.write(file, file.relative_to(tmp_path).as_posix())
    elif form == "file":  # it knows its own folder alone
        if table != "annotations.json":
            write(place, faces["pictures"], str(Path(table).parent))
        path, split = place / table, {"test": "train"}.get(split, split)
    dataset = read(path)
    assert dataset.splits() == (split,)
    assert dataset.facts.labels == ("happiness", "sadness", "surprise", "neutral")
    samples = list(dataset.samples(split))
    names = ("happiness", "sadness", "neutral", "surprise")
    assert [dataset.facts.labels[s.label] for s in samples] == [
        names[i % 4] for i in range(len(samples))
    ]
    assert len({s.key for s in samples}) == len(samples) == len(faces["table"]["annotations"])
    files = {image["id"]: image["file_name"] for image in faces["table"]["images"]}
    for sample, annotation in zip(samples, faces["table"]["annotations"], strict=True):
        photo = np.asarray(
            Image.open(place / images / files[annotation["image_id"]]).convert("RGB")
        )
        expected = square(photo, annotation["bbox"])
        assert sample.image.shape == expected.shape
        assert np.abs(sample.image.astype(int) - expected).mean() < 3  # another JPEG decoder


HEADERS = {
    "corners": ("path", "expression", "x1", "y1", "x2", "y2"),
    "voc": ("filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax"),
    "sizes": ("Emotion", "Image", "x", "y", "w", "h"),
    "long": ("label", "file", "left", "top", "width", "height", "usage", "subject", "valence"),
}


@pytest.mark.parametrize("header", HEADERS)
def test_csv(header: str, faces: dict[str, Any], tmp_path: Path) -> None:
    write(tmp_path, faces["pictures"], "photos")
    images = {image["id"]: image for image in faces["table"]["images"]}
    lines = [",".join(HEADERS[header])]
    for number, annotation in enumerate(faces["table"]["annotations"]):
        image = images[annotation["image_id"]]
        x, y, w, h = annotation["bbox"]
        name, label = f"photos/{image['file_name']}", CATEGORIES[number % 4]
        row = {
            "corners": (name, label, x, y, x + w, y + h),
            "voc": (name, image["width"], image["height"], label, x, y, x + w, y + h),
            "sizes": (label, name, x, y, w, h),
            "long": (label, name, x, y, w, h, ("Training", "VAL")[number % 2], number % 3, 0.5),
        }[header]
        lines.append(",".join(map(str, row)))
    (tmp_path / "faces.csv").write_text("\n".join(lines))
    splits = ("train", "valid") if header == "long" else ("train",)
    for path in (tmp_path, tmp_path / "faces.csv"):
        dataset = read(path)
        assert dataset.splits() == splits
        samples = {s.key: s for split in splits for s in dataset.samples(split)}
        assert len(samples) == len(faces["table"]["annotations"])
        for number, annotation in enumerate(faces["table"]["annotations"]):
            name = images[annotation["image_id"]]["file_name"]
            sample = samples[f"photos/{name}#{number + 2}"]
            assert sample.image.shape == (*(max(annotation["bbox"][2:]),) * 2, 3)
            if header == "long":
                assert (sample.subject, sample.valence, sample.arousal) == (
                    str(number % 3),
                    0.5,
                    None,
                )


def test_bad_boxes_are_left_out_or_repaired(faces: dict[str, Any], tmp_path: Path) -> None:
    write(tmp_path, faces["pictures"], "")
    name, image = next(iter(faces["pictures"])), faces["table"]["images"][0]
    rows = {
        "ok": ("happy", 10, 10, 50, 60),
        "partly outside": ("sad", -20, -20, 30, 30),
        SWAPPED: ("happy", 50, 60, 10, 10),
        NO_AREA: ("happy", 10, 10, 10, 60),
        OUTSIDE: ("happy", image["width"], 0, image["width"] + 9, 9),
        NO_NUMBERS: ("happy", "nan", 1, 2, 3),
        "the label 'hapy' is not an expression; did you mean 'happy'?": ("hapy", 1, 1, 9, 9),
    }
    lines = ["path,expression,x1,y1,x2,y2,width,height"]
    size = (image["width"], image["height"])
    lines += [",".join(map(str, (name, *row, *size))) for row in rows.values()]
    (tmp_path / "train.csv").write_text("\n".join([*lines, name, ",happy,1,1,9,9,99,99"]))
    dataset = read(tmp_path)
    good, partly, repaired = (sample.image for sample in dataset.samples("train"))
    assert good.shape == partly.shape == repaired.shape == (50, 50, 3)
    assert np.array_equal(repaired, good)  # its corners are those of the first, swapped
    skipped = dataset.skipped("train")
    reasons = [*list(rows)[2:], "row names no picture"]
    assert [reason.partition(" (")[0] for reason in skipped] == reasons
    assert skipped[SWAPPED] == [f"{name}#4"] and skipped[NO_AREA] == [f"{name}#5"]
    assert len(skipped[NO_NUMBERS]) == 2  # and the row cut short


def test_bad_annotations_are_left_out(faces: dict[str, Any], tmp_path: Path) -> None:
    write(tmp_path, faces["pictures"], "images")
    table = json.loads(json.dumps(faces["table"]))
    good = table["annotations"][0]
    table["categories"].append({"id": 9, "name": "face"})
    table["annotations"] = [
        good, {**good, "iscrowd": 1}, {**good, "image_id": 10**6}, {**good, "category_id": 9},
        {k: v for k, v in good.items() if k != "bbox"}, {**good, "bbox": [1, 2, -3, 4]}, None,
        {**good, "bbox": [5000, 5, 10, 10]}, {**good, "bbox": "x"},
    ]  # fmt: skip
    (tmp_path / "val.json").write_text(json.dumps(table))
    dataset = read(tmp_path)
    assert len(list(dataset.samples("valid"))) == 2
    skipped = dataset.skipped("valid")
    assert len(skipped.pop(SWAPPED)) == 1  # of a negative width: repaired
    assert sum(map(len, skipped.values())) == 7


def test_what_is_known_when_the_photo_is_decoded(faces: dict[str, Any], tmp_path: Path) -> None:
    name = next(iter(faces["pictures"]))
    write(tmp_path, {name: faces["pictures"][name], "bad.jpg": b"\xff\xd8 no"}, "")
    rows = [f"{name},happy,9000,5,10,10", "gone.jpg,happy,1,1,10,10", "bad.jpg,happy,1,1,10,10"]
    (tmp_path / "a.csv").write_text("\n".join(["file,label,x,y,w,h", *rows]))
    words = ("lies outside the picture", "gone.jpg", "bad.jpg")
    for sample, word in zip(read(tmp_path).samples("train"), words, strict=True):
        with pytest.raises(DatasetError, match=word) as caught:
            _ = sample.image
        assert "\n" not in str(caught.value)


def test_names_and_numbers_that_no_file_and_no_picture_has(
    faces: dict[str, Any], tmp_path: Path
) -> None:
    name = next(iter(faces["pictures"]))
    write(tmp_path, {name: faces["pictures"][name]}, "")
    names = [name, "a\0b.png", "\ud800.png", "a" * 5000, "..", ""]
    huge = 10**400  # JSON has no largest number, floats have
    boxes = [[0, 0, 1e308, 1e308], [0, 0, huge, 5], [-1e300, 0, 1e300, 5]]
    pairs = [(0, box) for box in boxes] + [(i, [1, 1, 9, 9]) for i in range(len(names))]
    table = {
        "categories": [{"id": 0, "name": "happy"}],
        "images": [{"id": i, "file_name": text, "width": huge} for i, text in enumerate(names)],
        "annotations": [{"image_id": i, "category_id": 0, "bbox": box} for i, box in pairs],
    }
    (tmp_path / "a.json").write_text(json.dumps(table))
    dataset = read(tmp_path)
    skipped = dataset.skipped("train")
    assert list(skipped) == [NO_NUMBERS, OUTSIDE, "image has no file_name"]
    assert sum(map(len, skipped.values())) == 3
    whole, small, *rest = dataset.samples("train")
    assert whole.image.shape[:2] == (1024, 1024) and small.image.shape[:2] == (9, 9)
    assert len(rest) == 4
    for sample in rest:
        with pytest.raises(DatasetError):
            _ = sample.image


def test_numbers_need_an_order(faces: dict[str, Any], tmp_path: Path) -> None:
    write(tmp_path, faces["pictures"], "")
    name = next(iter(faces["pictures"]))
    (tmp_path / "a.csv").write_text(f"file,label,x,y,w,h\n{name},1,5,5,20,20\n")
    with pytest.raises(DatasetError, match=r"order=fer2013, affectnet, ckplus, rafdb"):
        read(tmp_path)
    assert read(tmp_path, "order=affectnet").facts.labels == ("happiness",)
    assert read(tmp_path, "order=rafdb").facts.labels == ("surprise",)
    with pytest.raises(ConfigError, match="boxes takes order="):
        read(tmp_path, "order=x")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.csv", "file,x,y,w,h\n", "no column for the label"),
        ("a.csv", "file,label,x,y\n", "no column for the box"),
        ("a.csv", "", "no column for the picture and the label and the box"),
        ("a.json", "{", "is damaged, or not JSON"),
        ("a.json", "[" * 100_000, "is damaged, or not JSON"),
        ("a.json", "[]", "not a COCO file"),
        ("a.json", '{"images": [], "annotations": []}', "it has only images and annotations"),
        (
            "a.json",
            '{"images": [{}], "annotations": [], "categories": []}',
            "expected an id in",
        ),
        ("a.json", '{"images": [], "annotations": [], "categories": []}', "no labelled boxes"),
        ("a.txt", "x", "no labelled boxes"),
    ],
)
def test_what_is_no_table(name: str, text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    for path in (tmp_path, tmp_path / name):
        with pytest.raises(DatasetError, match=words) as caught:
            read(path)
        assert "\n" not in str(caught.value)


def test_other_tables_beside_it_are_passed_over(faces: dict[str, Any], tmp_path: Path) -> None:
    write(tmp_path, faces["pictures"], "")
    (tmp_path / "train.json").write_text(json.dumps(faces["table"]))
    (tmp_path / "settings.json").write_text("{}")
    (tmp_path / "log.csv").write_text("a,b\n1,2\n")
    dataset = read(tmp_path)
    assert dataset.splits() == ("train",)
    with pytest.raises(DatasetError, match=r"no split 'test' \(splits: train\)"):
        list(dataset.samples("test"))


def test_a_photo_is_decoded_once_for_all_its_faces(
    faces: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, faces["pictures"], "")
    (tmp_path / "train.json").write_text(json.dumps(faces["table"]))
    samples = list(read(tmp_path).samples("train"))
    expected = [read(tmp_path / "train.json") for _ in samples]
    decoded: list[str] = []
    decode = Picture.__call__

    def counted(picture: Picture) -> NDArray[np.uint8]:
        decoded.append(picture.name)
        return decode(picture)

    alone = [list(one.samples("train"))[i].image for i, one in enumerate(expected)]
    monkeypatch.setattr(Picture, "__call__", counted)
    images = [sample.image for sample in samples]
    assert decoded == list(dict.fromkeys(sample.key.rpartition("#")[0] for sample in samples))
    assert len(decoded) < len(images)
    assert all(np.array_equal(a, b) for a, b in zip(images, alone, strict=True))


def test_lines_of_json_are_no_coco(faces: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "log.json").write_text('{"epoch": 1}\n{"epoch": 2}\n')
    with pytest.raises(DatasetError, match=r"not a COCO file, but one with a JSON value per line"):
        read(tmp_path)
    write(tmp_path, faces["pictures"], "")
    (tmp_path / "train.json").write_text(json.dumps(faces["table"]))
    assert read(tmp_path).splits() == ("train",)
