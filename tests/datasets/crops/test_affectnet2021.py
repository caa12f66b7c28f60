from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mien.datasets.base import Dataset
from mien.datasets.opening import open_dataset
from mien.errors import ConfigError, DatasetError
from mien.labels import AFFECTNET8
from tests.support.affectnet_trees import Entry, jpeg, npy, write_2021
from tests.support.fer2013 import Row


def read(path: Path, *options: str) -> Dataset:
    return open_dataset(path, "affectnet2021", options)


@pytest.fixture(scope="module")
def entries(fer2013_rows: list[Row]) -> list[Entry]:
    """As released: colour, 224×224."""
    return [
        Entry(
            jpeg(np.asarray(Image.fromarray(row.image).resize((224, 224)))),
            (0, 0, 0, 0),
            i % 8,
            round(-1 + i / 20, 2),
            -2 if i == 3 else 0.5,
        )
        for i, row in enumerate(fer2013_rows[:24])
    ]


@pytest.mark.parametrize("text", [True, False])
def test_texts_and_numbers_read_equal(text: bool, entries: list[Entry], tmp_path: Path) -> None:
    path = write_2021(tmp_path, {"train_set": entries, "val_set": entries[:4]}, text)
    dataset = read(path)
    assert dataset.splits() == ("train", "valid")
    assert dataset.facts.labels == AFFECTNET8
    samples = list(dataset.samples("train"))
    assert [s.key for s in samples] == [f"{i}.jpg" for i in range(24)]  # by number, not as text
    assert [s.label for s in samples] == [e.expression for e in entries]
    assert [s.valence for s in samples] == pytest.approx([e.valence for e in entries])
    assert [s.arousal for s in samples] == [None if i == 3 else 0.5 for i in range(24)]
    assert len(list(dataset.samples("valid"))) == 4
    for sample in samples[:3]:
        place = path / "train_set" / "images" / sample.key
        whole = np.asarray(Image.open(place)).astype(int)
        assert sample.image.shape == (224, 224, 3)
        assert np.abs(sample.image - whole).mean() < 2


def test_annotations_of_any_number_type_and_shape(entries: list[Entry], tmp_path: Path) -> None:
    path = write_2021(tmp_path, {"train_set": entries[:8]})
    annotations = path / "train_set" / "annotations"
    forms = [
        np.array("5"), np.array(["5"]), np.array(b"5"), np.array(5, np.uint8), np.array([5.0]),
        np.array(5, ">i4"), np.array([[5]], np.int64), np.array("5", "<U12"),
    ]  # fmt: skip
    for number, form in enumerate(forms):
        (annotations / f"{number}_exp.npy").unlink()
        np.save(annotations / f"{number}_exp.npy", form)
    with (annotations / "0_exp.npy").open("wb") as file:
        np.lib.format.write_array(file, forms[0], version=(2, 0))
    assert [s.label for s in read(path).samples("train")] == [5] * 8


def test_seven_classes(entries: list[Entry], tmp_path: Path) -> None:
    dataset = read(write_2021(tmp_path, {"val_set": entries}), "classes=7")
    assert dataset.facts.labels == AFFECTNET8[:7]
    assert {s.label for s in dataset.samples("valid")} == set(range(7))
    skipped = dataset.skipped("valid")  # type: ignore[attr-defined]
    assert skipped == {"labelled contempt": ["7.jpg", "15.jpg", "23.jpg"]}
    with pytest.raises(ConfigError, match="classes=7"):
        read(tmp_path, "classes=11")


def test_bad_annotations_are_left_out_and_reported(entries: list[Entry], tmp_path: Path) -> None:
    path = write_2021(tmp_path, {"train_set": entries[:14]})
    annotations = path / "train_set" / "annotations"
    pickled = npy(np.array([{"a": 1}], object))
    whole = npy(np.array("3"))
    contents = {
        "1_exp": None, "2_val": None, "3_exp": b"", "4_exp": whole[:-4], "5_exp": pickled,
        "6_aro": b"3", "7_exp": npy(np.array("happy")), "8_exp": npy(np.array("8")),
        "9_exp": npy(np.array("-1")), "10_exp": npy(np.array([], float)), "11_exp": whole[:9],
        "12_exp": b"\x93NUMPY\x01\x00\x06\x00(((((\n", "13_exp": npy(np.array((1, 2), "i4,i4")),
    }  # fmt: skip
    for name, data in contents.items():
        (annotations / f"{name}.npy").unlink()
        if data is not None:
            (annotations / f"{name}.npy").write_bytes(data)
    dataset = read(path)
    assert [s.key for s in dataset.samples("train")] == ["0.jpg"]
    assert dataset.skipped("train") == {  # type: ignore[attr-defined]
        "without annotations": ["1.jpg", "2.jpg"],
        "annotations are damaged": [f"{i}.jpg" for i in (3, 4, 5, 6, 7, 10, 11, 12, 13)],
        "label is out of range": ["8.jpg", "9.jpg"],
    }


def test_a_damaged_picture_is_reported_when_it_is_read(
    entries: list[Entry], tmp_path: Path
) -> None:
    rows = [entries[0], entries[1]._replace(picture=entries[1].picture[:300])]
    first, second = read(write_2021(tmp_path, {"train_set": rows})).samples("train")
    assert first.image.shape == (224, 224, 3)
    with pytest.raises(DatasetError, match=r"1\.jpg"):
        _ = second.image


def test_what_is_no_such_release(entries: list[Entry], tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"train_set/images/<id>\.jpg"):
        read(tmp_path)
    dataset = read(write_2021(tmp_path, {"train_set": entries[:1]}))
    with pytest.raises(DatasetError, match=r"no split 'valid' \(splits: train\)"):
        list(dataset.samples("valid"))


def test_it_streams(entries: list[Entry], tmp_path: Path) -> None:
    """A few hundred bytes an entry, while the picture alone has 150,000 when it is decoded."""
    rows = [entries[i % 24] for i in range(2000)]
    dataset = read(write_2021(tmp_path, {"train_set": rows}))
    tracemalloc.start()
    assert sum(1 for _ in dataset.samples("train")) == 2000
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()
