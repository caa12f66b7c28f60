from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mien.datasets.base import Dataset
from mien.datasets.crops.affectnet import Crop
from mien.datasets.files.folders import Folder
from mien.datasets.files.pictures import Picture
from mien.datasets.opening import open_dataset
from mien.errors import ConfigError, DatasetError
from mien.labels import AFFECTNET8, AFFECTNET11
from mien.preprocess.network_input import resize
from tests.support import fer2013
from tests.support.affectnet_trees import HEADER, Entry, jpeg, write_full
from tests.support.fer2013 import Row

PAPER = (
    "Neutral", "Happy", "Sad", "Surprise", "Fear", "Disgust", "Anger", "Contempt", "None",
    "Uncertain", "Non-Face",
)  # fmt: skip
"""Table 3 of Mollahosseini et al. 2017, in the order of its numbers."""


def read(path: Path, *options: str) -> Dataset:
    return open_dataset(path, "affectnet", options)


@pytest.fixture(scope="module")
def photo(material: Path) -> bytes:
    return (material / "photos" / "obama_smile.jpg").read_bytes()


@pytest.fixture(scope="module")
def entries(photo: bytes) -> list[Entry]:
    """Two of each category, in one photo, the box somewhere else each time."""
    return [
        Entry(photo, (10 + 3 * i, 20 + i, 60 + i, 80), i % 11, i / 30 if i % 11 < 8 else -2, -2)
        for i in range(22)
    ]


@pytest.mark.parametrize(
    ("images", "lists", "header"),
    [
        ("Manually_Annotated_Images", "", HEADER),
        ("Manually_Annotated_Images", "", ()),
        ("Manually_Annotated_Images", "", HEADER[::-1]),
        ("Manually_Annotated/Manually_Annotated_Images", "Manually_Annotated_file_lists", HEADER),
        ("Manually_Annotated/Manually_Annotated_Images", "Manually_Annotated", HEADER),
        ("", "", HEADER),
        ("lists", "lists", HEADER),
    ],
)
def test_every_layout_reads_equal(
    images: str, lists: str, header: tuple[str, ...], entries: list[Entry], tmp_path: Path,
    material: Path,
) -> None:  # fmt: skip
    tables = {"training.csv": entries, "validation.csv": entries[:11]}
    dataset = read(write_full(tmp_path, tables, header, images, lists))
    assert dataset.splits() == ("train", "valid")
    assert dataset.facts.labels == AFFECTNET8
    photo = np.asarray(Image.open(material / "photos" / "obama_smile.jpg").convert("RGB"))
    for split, rows in (("train", entries), ("valid", entries[:11])):
        kept = [row for row in rows if int(str(row.expression)) < 8]
        samples = list(dataset.samples(split))
        assert [s.label for s in samples] == [row.expression for row in kept]
        assert [s.valence for s in samples] == pytest.approx([row.valence for row in kept])
        assert {s.arousal for s in samples} == {None}
        for sample, row in zip(samples[:4], kept, strict=False):
            x, y, width, height = (int(str(value)) for value in row.box)
            face = photo[y : y + height, x : x + width]
            assert sample.image.shape == face.shape
            # OpenCV's and Pillow's JPEG decoders may differ by a grey level or two.
            assert np.abs(sample.image.astype(int) - face).mean() < 2


@pytest.mark.parametrize("side", [16, 32, 48, 112])
def test_a_face_for_a_small_result_is_the_same_face(side: int, shared: Path) -> None:
    photos = Folder(shared / "photos")
    crop = Crop(Picture(photos, "obama_smile.jpg"), ("301", "95", "421", "437"))
    whole, smaller = crop(), crop.at(side)
    assert whole.shape == (437, 421, 3)
    assert min(smaller.shape[:2]) >= 2 * side
    if side < 64:
        assert smaller.size < whole.size / 3
    difference = resize(whole, side).astype(int) - resize(smaller, side)
    assert np.abs(difference).mean() < 4  # the box's edges fall on whole pixels of either
    outside = Crop(crop.photo, ("9000", "0", "50", "50"))
    with pytest.raises(DatasetError, match="which lies outside its"):
        outside.at(side)


def test_classes(entries: list[Entry], tmp_path: Path) -> None:
    path = write_full(tmp_path, {"training.csv": entries})
    spelt = tuple(name.lower() for name in PAPER[8:])
    assert AFFECTNET11[8:] == spelt
    for classes in (7, 8, 11):
        dataset = read(path, f"classes={classes}")
        assert dataset.facts.labels == AFFECTNET11[:classes]
        assert {s.label for s in dataset.samples("train")} == set(range(classes))
        skipped = dataset.skipped("train")  # type: ignore[attr-defined]
        assert {reason: len(keys) for reason, keys in skipped.items()} == {
            f"labelled {label}": 2 for label in AFFECTNET11[classes:]
        }
    with pytest.raises(ConfigError, match="classes=7, 8, 11, not '9'"):
        read(path, "classes=9")


def test_automatic_labels_are_a_split_of_their_own(entries: list[Entry], tmp_path: Path) -> None:
    write_full(tmp_path, {"training.csv": entries})
    write_full(
        tmp_path, {"automatically_annotated.csv": entries[:5]},
        images="Automatically_Annotated/Automatically_Annotated_Images",
        lists="Automatically_annotated_file_list",
    )  # fmt: skip
    dataset = read(tmp_path)
    assert dataset.splits() == ("train", "automatic")
    assert len([s.image for s in dataset.samples("automatic")]) == 5


def test_boxes_are_clipped(material: Path, photo: bytes, tmp_path: Path) -> None:
    width, height = Image.open(material / "photos" / "obama_smile.jpg").size
    boxes = [
        (-20, -30, 60, 70), (width - 10, height - 12, 500, 500), (-5, -5, width + 9, height + 9),
        ("30.6", "10.2", "20.0", "40.0"),
        (width, 0, 10, 10), (5, 5, 0, 10), (5, 5, 10, -1), (-50, 0, 50, 10), ("NULL", 1, 2, 3),
        ("nan", 1, 2, 3), ("inf", 1, 2, 3), ("1e308", 0, "1e308", 9),
    ]  # fmt: skip
    shapes = [(40, 40, 3), (12, 10, 3), (height, width, 3), (40, 20, 3)]
    dataset = read(write_full(tmp_path, {"training.csv": [Entry(photo, b, 1) for b in boxes]}))
    samples = list(dataset.samples("train"))
    assert [sample.image.shape for sample in samples[:4]] == shapes
    for sample in samples[4:]:
        with pytest.raises(DatasetError, match=r"has (a|the) face box"):
            _ = sample.image


def test_bad_pictures_do_not_end_the_reading(photo: bytes, tmp_path: Path) -> None:
    pictures = (photo, photo[:500], b"", photo)
    rows = [Entry(picture, (1, 1, 50, 50), 3) for picture in pictures]
    path = write_full(tmp_path, {"validation.csv": rows})
    (path / "Manually_Annotated_Images/4/valid00003.jpg").unlink()
    samples = list(read(path).samples("valid"))
    assert samples[0].image.shape == (50, 50, 3)
    for index in (1, 2, 3):
        with pytest.raises(DatasetError, match=f"valid0000{index}.jpg") as caught:
            _ = samples[index].image
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "change", "words"),
    [
        (3, lambda cells: [*cells[:6], "11", *cells[7:]], "line 4 is damaged.*from 0 to 10"),
        (3, lambda cells: [*cells[:6], "happy", *cells[7:]], "line 4 is damaged"),
        (3, lambda cells: cells[:5], "line 4 is damaged"),
        (3, lambda cells: [*cells[:7], "x", "0"], "line 4 is damaged"),
        (0, lambda cells: [*cells[:6], "emotion", *cells[7:]], "lacks the columns expression"),
        (0, lambda _: ["a", "b"], "not a table of AffectNet: 2 columns instead of 9"),
    ],
)
def test_damaged_tables(
    line: int, change: object, words: str, entries: list[Entry], tmp_path: Path
) -> None:
    assert callable(change)
    table = write_full(tmp_path, {"training.csv": entries}) / "training.csv"
    lines = table.read_text().splitlines()
    lines[line] = ",".join(change(lines[line].split(",")))
    table.write_text("\n".join(lines))
    with pytest.raises(DatasetError, match=words):
        list(read(tmp_path).samples("train"))


def test_what_is_no_affectnet(entries: list[Entry], tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"expected training\.csv or validation\.csv"):
        read(tmp_path)
    zipped = fer2013.write_zip(tmp_path / "a.zip", {"training.csv": b""})
    with pytest.raises(DatasetError, match="unpack AffectNet"):
        read(zipped)
    path = write_full(tmp_path / "moved", {"training.csv": entries}, images="elsewhere/deep")
    with pytest.raises(DatasetError, match=r"the pictures of .* are missing: none of the first"):
        list(read(path).samples("train"))
    table = path / "training.csv"
    table.write_text(table.read_text().replace("1/train00000.jpg", "a" * 5000))  # too long a name
    with pytest.raises(DatasetError, match="are missing"):
        list(read(path).samples("train"))
    with pytest.raises(DatasetError, match="has no split 'test'"):
        list(read(path).samples("test"))


def test_it_streams(fer2013_rows: list[Row], tmp_path: Path) -> None:
    """Memory does not grow with the table, which is far larger than what may be held."""
    face = jpeg(fer2013_rows[0].image)
    peaks = []
    for count in (300, 3000):
        rows = [Entry(face, (0, 0, 48, 48), i % 8) for i in range(count)]
        dataset = read(write_full(tmp_path / str(count), {"training.csv": rows}))
        assert sum(1 for _ in dataset.samples("train")) == count  # what is set up once
        tracemalloc.start()
        assert sum(sample.label >= 0 for sample in dataset.samples("train")) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert (tmp_path / "3000" / "training.csv").stat().st_size > 1_500_000
    assert peaks[1] < peaks[0] + 50_000
