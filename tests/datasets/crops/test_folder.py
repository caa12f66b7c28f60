from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mien.datasets.base import Dataset
from mien.datasets.crops.folder import ExpressionFolders
from mien.datasets.opening import open_dataset
from mien.datasets.splits import resplit
from mien.errors import ConfigError, DatasetError
from mien.labels import FER2013 as LABELS
from tests.support import fer2013
from tests.support.fer2013 import FOLDERS, Row

Rows = list[Row]
# For each of FER2013's labels: how else its folder may be called, and its number elsewhere.
SPELLINGS = {
    "adjectives": FOLDERS,
    "nouns in capitals": tuple(label.upper() for label in LABELS),
    "numbered": tuple(f"{i:02}_{folder}" for i, folder in enumerate(FOLDERS)),
    "numbered with a dash": tuple(f"{i}-{label.title()}" for i, label in enumerate(LABELS)),
    "order=fer2013": tuple("0123456"),
    "order=affectnet": tuple("6541230"),
    "order=rafdb": tuple("6324517"),
    "order=ckplus": tuple("1345670"),
}


def members(rows: Rows, names: Sequence[str] = FOLDERS, train: str = "train") -> dict[str, bytes]:
    return {
        f"{train if row.usage == 'Training' else 'test'}/{names[row.emotion]}/{i:03}.png": (
            fer2013.png(row.image)
        )
        for i, row in enumerate(rows)
    }


def read(path: Path, *options: str) -> Dataset:
    return open_dataset(path, "folder", options)


@pytest.mark.parametrize("form", ["folder", "zip"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_reads_equal(
    spelling: str, form: str, fer2013_rows: Rows, tmp_path: Path
) -> None:
    files = members(fer2013_rows, SPELLINGS[spelling])
    write = fer2013.write_folder if form == "folder" else fer2013.write_zip
    path = write(tmp_path / "data", {**files, "README.txt": b"words"})
    dataset = read(path, *([spelling] if "=" in spelling else []))
    assert dataset.splits() == ("train", "test")
    for split in dataset.splits():
        expected = {
            f"/{i:03}.png": row
            for i, row in enumerate(fer2013_rows)
            if (row.usage == "Training") == (split == "train")
        }
        samples = list(dataset.samples(split))
        assert len(samples) == len(expected)
        assert [s.key for s in samples] == sorted(s.key for s in samples)
        for sample in samples:
            row = expected[sample.key[-8:]]
            assert dataset.facts.labels[sample.label] == LABELS[row.emotion]
            assert np.array_equal(sample.image, row.image)


@pytest.mark.parametrize(
    ("folder", "split"),
    [("Training", "train"), ("VAL", "valid"), ("validation", "valid"), ("PublicTest", "public"),
     ("data/train/faces", "train"), ("train/val", "valid"), ("", "train")],
)  # fmt: skip
def test_names_of_splits(folder: str, split: str, fer2013_rows: Rows, tmp_path: Path) -> None:
    data = fer2013.png(fer2013_rows[0].image)
    dataset = read(fer2013.write_folder(tmp_path, {f"{folder}/sad/S01/1.PNG".lstrip("/"): data}))
    assert dataset.splits() == (split,)
    assert dataset.facts.labels == ("sadness",)
    assert [s.key.rpartition("/")[2] for s in dataset.samples(split)] == ["1.PNG"]


def test_the_path_itself_may_be_a_split(fer2013_rows: Rows, tmp_path: Path) -> None:
    fer2013.write_folder(tmp_path, members(fer2013_rows))
    assert read(tmp_path / "test").splits() == ("test",)
    assert read(tmp_path / "train").splits() == ("train",)


def test_labels_are_those_found_with_contempt_last(fer2013_rows: Rows, tmp_path: Path) -> None:
    data = fer2013.png(fer2013_rows[0].image)
    names = ("Contempt", "neutral", "fear", "ANGER")
    dataset = read(fer2013.write_folder(tmp_path, {f"{name}/1.png": data for name in names}))
    assert dataset.facts.labels == ("anger", "fear", "neutral", "contempt")
    assert [dataset.facts.labels[s.label] for s in dataset.samples("train")] == [
        "anger", "contempt", "fear", "neutral",
    ]  # fmt: skip


def test_photos_of_any_size_and_colour(material: Path, tmp_path: Path) -> None:
    photo = Image.open(material / "photos" / "obama_smile.jpg")
    (tmp_path / "happy").mkdir()
    photo.save(tmp_path / "happy" / "a.png")
    photo.convert("L").resize((50, 70)).save(tmp_path / "happy" / "b.webp", lossless=True)
    turned = photo.getexif()
    turned[0x0112] = 6  # shown upright, the sides change places
    photo.save(tmp_path / "happy" / "c.jpg", exif=turned)
    a, b, c = (sample.image for sample in read(tmp_path).samples("train"))
    assert np.array_equal(a, np.asarray(photo.convert("RGB")))
    assert b.shape[:2] == (70, 50)
    assert c.shape == (photo.width, photo.height, 3)


def test_a_damaged_picture_is_reported_when_it_is_read(fer2013_rows: Rows, tmp_path: Path) -> None:
    data = fer2013.png(fer2013_rows[0].image)
    files = {
        "happy/1.png": data,
        "happy/2.png": data[:200],
        "happy/3.png": b"",
        "happy/4.png": data,
    }
    for path in (
        fer2013.write_folder(tmp_path / "f", files),
        fer2013.write_zip(tmp_path / "f.zip", files),
    ):
        samples = list(read(path).samples("train"))
        assert samples[0].image.shape == samples[3].image.shape
        for index in (1, 2):
            with pytest.raises(DatasetError, match=rf"{index + 1}\.png"):
                _ = samples[index].image


def test_subjects_of_ckplus(fer2013_rows: Rows, tmp_path: Path) -> None:
    rows = fer2013_rows[:40]
    names = [f"S{i % 10:03}_{i // 10:03}_00000011.png" for i in range(len(rows))]
    files = {
        f"{FOLDERS[row.emotion]}/{name}": fer2013.png(row.image)
        for row, name in zip(rows, names, strict=True)
    }
    path = fer2013.write_folder(tmp_path, files)
    for option in ("subject=ckplus", r"subject=/(S\d+)_"):
        dataset = read(path, option)
        assert all(s.subject == s.key.split("/")[1][:4] for s in dataset.samples("train"))
    divided = resplit(dataset, "subject:70/30")
    train, valid = ({s.subject for s in divided.samples(x)} for x in ("train", "valid"))
    assert train and valid and not train & valid
    assert {s.subject for s in read(path).samples("train")} == {None}
    assert {s.subject for s in read(path, "subject=(x)y").samples("train")} == {None}


RAFDB = {"train_00001.jpg": 5, "train_00002.jpg": 4, "test_0001.jpg": 1, "test_0002.jpg": 7}


def rafdb(rows: Rows, aligned: str = "_aligned") -> dict[str, bytes]:
    def jpeg(row: Row) -> bytes:
        file = io.BytesIO()
        Image.fromarray(row.image).resize((100, 100)).convert("RGB").save(file, "JPEG")
        return file.getvalue()

    lines = "".join(f"{name} {label}\n" for name, label in RAFDB.items())
    pictures = {
        f"basic/Image/{'aligned' if aligned else 'original'}/{name[:-4]}{aligned}.jpg": jpeg(row)
        for name, row in zip(RAFDB, rows, strict=False)
    }
    return {"basic/EmoLabel/list_patition_label.txt": lines.encode(), **pictures}


@pytest.mark.parametrize("aligned", ["_aligned", ""])
def test_rafdb_as_it_is_published(aligned: str, fer2013_rows: Rows, tmp_path: Path) -> None:
    dataset = read(fer2013.write_zip(tmp_path / "r.zip", rafdb(fer2013_rows, aligned)))
    assert dataset.splits() == ("train", "test")
    found = {
        sample.key.rpartition("/")[2].replace("_aligned", ""): dataset.facts.labels[sample.label]
        for split in dataset.splits()
        for sample in dataset.samples(split)
    }
    assert found == {
        "train_00001.jpg": "sadness",
        "train_00002.jpg": "happiness",
        "test_0001.jpg": "surprise",
        "test_0002.jpg": "neutral",
    }
    assert {s.image.shape for s in dataset.samples("train")} == {(100, 100, 3)}


def test_rafdb_with_further_columns_and_other_names(fer2013_rows: Rows, tmp_path: Path) -> None:
    files = rafdb(fer2013_rows)
    name = "basic/EmoLabel/list_patition_label.txt"
    files[name] = files[name].replace(b"\n", b"\t0  x\r\n")
    files = {path.replace(".jpg", ".JPG"): data for path, data in files.items()}
    dataset = read(fer2013.write_zip(tmp_path / "r.zip", files))
    assert sum(len(list(dataset.samples(split))) for split in dataset.splits()) == len(RAFDB)


def test_rafdb_with_gaps_and_damage(fer2013_rows: Rows, tmp_path: Path) -> None:
    files = rafdb(fer2013_rows)
    del files["basic/Image/aligned/train_00002_aligned.jpg"]
    dataset = read(fer2013.write_folder(tmp_path, files))
    assert dataset.facts.labels == ("sadness", "surprise", "neutral")
    assert dataset.skipped("train") == {"listed without a picture": ["train_00002.jpg"]}
    listed = tmp_path / "basic/EmoLabel/list_patition_label.txt"
    for line in ("train_00001.jpg 8", "train_00001.jpg", "x 5", f"train_1.jpg {'5' * 5000}"):
        listed.write_text(f"train_00003.jpg 1\n\n{line}\n")
        with pytest.raises(DatasetError, match=r"line 3 is .* expected something like"):
            read(tmp_path)
    listed.write_bytes(b"\xff\xfe")
    with pytest.raises(DatasetError, match="is damaged"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("folders", "options", "words"),
    [
        (["hapy"], [], "'hapy' is not an expression; did you mean 'happy'"),
        (["happy", "train/people"], [], "'people' is not an expression"),
        (["3"], [], "'3' is a number.*order=fer2013, affectnet, ckplus, rafdb"),
        (["7"], ["order=fer2013"], "no label: '7'"),
        ([], [], "holds no pictures in folders named by expression"),
    ],
)
def test_what_has_no_label(
    folders: list[str], options: list[str], words: str, fer2013_rows: Rows, tmp_path: Path
) -> None:
    data = fer2013.png(fer2013_rows[0].image)
    files = {f"{folder}/1.png": data for folder in folders}
    fer2013.write_folder(tmp_path, {**files, "overview.png": data, "train/grid.png": data})
    with pytest.raises(DatasetError, match=words) as caught:
        read(tmp_path, *options)
    assert "\n" not in str(caught.value)


# Layouts in which a folder's number is that of a sequence, a subject, an age or a date.
NUMBERED = {
    "sequences": [f"{s}/{n:03}" for s in ("anna", "ben", "carl") for n in range(1, 6)],
    "short sequences": [f"{s}/{n}" for s in ("anna", "ben", "carl") for n in range(1, 6)],
    "subjects": [f"{n}" for n in range(1, 31)],
    "years and months": [f"{y}/{m:02}" for y in (2020, 2021) for m in range(1, 7)],
    "years": ["2019", "2020"],
    "zeros before": ["001", "002", "003"],
    "huge": ["9" * 5000],
}


@pytest.mark.parametrize("layout", NUMBERED)
def test_numbers_that_are_no_labels(layout: str, tmp_path: Path) -> None:
    """No advice to take them for labels."""
    path = fer2013.write_zip(tmp_path / "a.zip", {f"{f}/a.png": b"" for f in NUMBERED[layout]})
    with pytest.raises(DatasetError, match="have no label") as caught:
        read(path)
    assert "order=" not in str(caught.value) and len(str(caught.value)) < 500


@pytest.mark.parametrize("layout", ["sequences", "years and months", "zeros before", "huge"])
def test_numbers_that_are_no_labels_with_an_order(layout: str, tmp_path: Path) -> None:
    path = fer2013.write_zip(tmp_path / "a.zip", {f"{f}/a.png": b"" for f in NUMBERED[layout]})
    with pytest.raises(DatasetError, match="have no label"):
        read(path, "order=fer2013")


@pytest.mark.parametrize("folders", [["0", "1", "2"], ["train/03", "test/03"], ["data/train/7"],
                                     ["images/1", "images/6"]])  # fmt: skip
def test_numbers_that_look_like_labels(folders: list[str], tmp_path: Path) -> None:
    path = fer2013.write_zip(tmp_path / "a.zip", {f"{f}/a.png": b"" for f in folders})
    with pytest.raises(DatasetError, match=r"is a number.*choose one with order="):
        read(path)


def test_a_name_counts_before_a_number(tmp_path: Path) -> None:
    """The number below is that of a sequence, whatever ``order`` says."""
    files = {"happy/1/a.png": b"", "2/sad/b.png": b"", "0/c.png": b"", "3/001/d.png": b""}
    dataset = read(
        fer2013.write_zip(tmp_path / "a.zip", dict(list(files.items())[:3])), "order=fer2013"
    )
    found = {s.key: dataset.facts.labels[s.label] for s in dataset.samples("train")}
    assert found == {"happy/1/a.png": "happiness", "2/sad/b.png": "sadness", "0/c.png": "anger"}
    with pytest.raises(DatasetError, match="several of its folders are numbers"):
        read(fer2013.write_zip(tmp_path / "b.zip", files), "order=fer2013")


def test_pictures_beside_the_folders_are_skipped(fer2013_rows: Rows, tmp_path: Path) -> None:
    fer2013.write_folder(tmp_path, {**members(fer2013_rows), "overview.png": b"x"})
    dataset = read(tmp_path)
    assert len(list(dataset.samples("train"))) == 40
    assert dataset.skipped("train") == {"in no folder named by an expression": ["overview.png"]}
    assert dataset.skipped("test") == {}
    with pytest.raises(DatasetError, match=r"has no split 'valid' \(splits: train, test\)"):
        list(dataset.samples("valid"))


def test_options_that_cannot_be_followed(tmp_path: Path) -> None:
    for option, words in (
        ("order=alphabet", "order=fer2013, affectnet, ckplus, rafdb"),
        ("subject=(", "not a regular expression"),
        ("subject=S001", "has 0 groups instead of one"),
    ):
        with pytest.raises(ConfigError, match=words):
            read(tmp_path, option)
    (tmp_path / "one.csv").write_text("x")
    with pytest.raises(DatasetError, match="a single file: give a folder"):
        read(tmp_path / "one.csv")


def test_pictures_of_formats_that_are_not_read_are_left_out_by_reason(tmp_path: Path) -> None:
    for name in ("train/happy/1.png", "test/sad/2.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8)).save(tmp_path / name)
    for name in ("train/happy/3.DNG", "train/happy/4.dng", "test/sad/5.jxl", "6.svg", "notes.txt"):
        (tmp_path / name).touch()
    data = ExpressionFolders(tmp_path)
    dng, svg = (f"{suffix} is not read: convert it to JPEG or PNG" for suffix in (".dng", ".svg"))
    assert data.skipped("train") == {
        dng: ["train/happy/3.DNG", "train/happy/4.dng"],
        svg: ["6.svg"],
    }
    assert list(data.skipped("test").values()) == [["test/sad/5.jxl"]]
    assert [sample.key for sample in data.samples("train")] == ["train/happy/1.png"]


def test_a_folder_of_nothing_else_says_so(tmp_path: Path) -> None:
    (tmp_path / "happy").mkdir()
    (tmp_path / "happy" / "1.dng").touch()
    with pytest.raises(DatasetError, match=r"left out 1 picture \(1 \.dng\)"):
        ExpressionFolders(tmp_path)
