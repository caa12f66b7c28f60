from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from mien.datasets.opening import open_dataset
from mien.datasets.packing.pack import pack
from mien.datasets.samples import stack
from mien.errors import DatasetError
from mien.preprocess.crop import square
from mien.preprocess.network_input import resize
from tests.support import fer2013, photos
from tests.support.photos import LABELS, Photos

FIXTURE = Path(__file__).parents[2] / "fixtures" / "pack_format_1"


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    folder = photos.write(tmp_path / "photos")
    pack(Photos(folder), folder, tmp_path / "out", size=24)
    return tmp_path / "out"


def test_every_fact_of_a_sample_comes_back(packed: Path, tmp_path: Path) -> None:
    dataset = open_dataset(packed, "packed")
    assert dataset.facts.labels == LABELS and dataset.splits() == ("train", "valid")
    assert dataset.facts.name == "photos packed at 24"
    for split in dataset.splits():
        before = list(Photos(tmp_path / "photos").samples(split))
        after = list(dataset.samples(split))
        for one, other in zip(before, after, strict=True):
            for fact in ("label", "key", "votes", "target", "valence", "arousal", "subject"):
                assert getattr(one, fact) == getattr(other, fact), fact
            assert np.array_equal(resize(square(one.image), 24), other.image)


def test_a_pack_made_before_version_0_2_is_read() -> None:
    """Made when finished packs were first written; ``train/007.png`` was damaged."""
    dataset = open_dataset(FIXTURE, "packed")
    assert dataset.facts.labels == LABELS and dataset.facts.origin == "photos"
    assert dataset.splits() == ("train", "valid")
    assert dataset.skipped("train")["its box has no area"] == ["train/left out.png"]
    keys = [sample.key for sample in dataset.samples("train")]
    assert keys == [f"train/{i:03}.png" for i in range(12) if i != 7]
    second = list(dataset.samples("train"))[2]
    assert second.label == 2 and second.votes == (2, 0, 0, 0, 0, 0, 0, 0, 0, 1)
    assert second.target == (0.2, 0.3, 0.5) and second.subject is None
    assert (second.valence, second.arousal) == (0.05, -0.05)
    assert second.image.shape == (8, 8, 3) and 20 < second.image.std() < 120
    arrays = dataset.arrays("valid")  # type: ignore[attr-defined]
    assert arrays.images.shape == (5, 8, 8, 3) and arrays.labels.tolist() == [0, 1, 2, 0, 1]


def test_arrays_are_the_file_itself_and_equal_to_stacked_samples(packed: Path) -> None:
    dataset = open_dataset(packed, "packed")
    arrays, stacked = dataset.arrays("train"), stack(dataset.samples("train"))  # type: ignore[attr-defined]
    assert isinstance(arrays.images, np.memmap) and not arrays.images.flags.writeable
    assert arrays.keys == stacked.keys
    for name in ("images", "labels", "votes", "targets", "affect"):
        one, other = getattr(arrays, name), getattr(stacked, name)
        assert np.array_equal(one, other, equal_nan=name == "affect") and one.dtype == other.dtype


def test_a_pack_can_be_packed_smaller(packed: Path, tmp_path: Path) -> None:
    pack(open_dataset(packed, "packed"), packed, tmp_path / "small", size=8)
    large, small = (open_dataset(p, "packed") for p in (packed, tmp_path / "small"))
    for one, other in zip(large.samples("valid"), small.samples("valid"), strict=True):
        assert np.array_equal(resize(square(one.image), 8), other.image)
        assert (one.key, one.subject) == (other.key, other.subject)


def test_fer2013_keeps_its_votes_and_pixels(
    fer2013_rows: list[fer2013.Row], tmp_path: Path
) -> None:
    members = {**fer2013.files(fer2013_rows), "ferplus.csv": fer2013.votes_file(fer2013_rows)}
    source = open_dataset(fer2013.write_zip(tmp_path / "fer.zip", members))
    pack(source, tmp_path / "fer.zip", tmp_path / "out", size=48)
    dataset = open_dataset(tmp_path / "out", "packed")
    assert dataset.splits() == source.splits()
    for split in source.splits():
        one, other = stack(source.samples(split)), stack(dataset.samples(split))
        assert np.array_equal(one.images, other.images) and one.keys == other.keys
        assert one.votes is not None and np.array_equal(one.votes, other.votes)


def test_other_folders_and_files_are_not_packs(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for path in (tmp_path, tmp_path / "nowhere", tmp_path / "file"):
        with pytest.raises(DatasetError, match="is not a packed data set"):
            open_dataset(path, "packed")


def test_an_unknown_split(packed: Path) -> None:
    with pytest.raises(DatasetError, match=r"no split 'test' .it has: train, valid"):
        next(open_dataset(packed, "packed").samples("test"))


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"format": 1}', '{"format": 1, "complete": "yes"}', "\x00\xff", "[" * 10**5],
)
def test_a_damaged_manifest(text: str, packed: Path) -> None:
    (packed / "pack.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(DatasetError, match="is damaged, or belongs to another program"):
        open_dataset(packed, "packed")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("labels", [[1, 2], "sadness"]),
        ("labels", ["sadness", "sadness"]),
        ("labels", {"a": 1}),
        ("size", True),
        ("size", 48.0),
        ("size", 10**9),
        ("channels", 2),
        ("channels", 1.0),
        ("pictures", {"train": -1}),
        ("pictures", {"train": "5"}),
        ("pictures", [5]),
        ("origin", 5),
        ("division", 5),
        ("division", ["random:90/10", "train"]),
        ("division", ["random:90/10", "train", -1]),
        ("dataset", None),
        ("complete", 1),
    ],
)
def test_a_manifest_with_a_value_of_another_type(packed: Path, key: str, value: object) -> None:
    manifest = json.loads((packed / "pack.json").read_text())
    (packed / "pack.json").write_text(json.dumps({**manifest, key: value}))
    with pytest.raises(DatasetError, match=f"is damaged, or belongs .*no valid {key}"):
        open_dataset(packed, "packed")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("labels", np.array([0.0])),
        ("labels", np.array([[0]])),
        ("keys", np.array(["a"])),
        ("votes", np.array([1])),
        ("targets", np.array([[1]])),
        ("affect", np.array([[0.1, 0.2, 0.3]])),
        ("subjects", np.array([97], np.uint8)),
    ],
)
def test_facts_of_another_type(packed: Path, name: str, value: np.ndarray) -> None:
    path = packed / "train.facts.npz"
    with np.load(path) as stored:
        facts = dict(stored)
    n = len(facts["labels"])
    np.savez(path, **{**facts, name: value if name == "subjects" else np.repeat(value, n, axis=0)})
    with pytest.raises(DatasetError, match="is damaged, split 'train'"):
        open_dataset(packed, "packed").arrays("train")  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["pack.json", "train.pixels.npy", "train.facts.npz"])
def test_a_pack_is_never_waited_for(packed: Path, name: str) -> None:
    (packed / name).unlink()
    os.mkfifo(packed / name)
    with pytest.raises(DatasetError, match="named pipe"):
        open_dataset(packed, "packed").arrays("train")  # type: ignore[attr-defined]


def test_a_later_format(packed: Path) -> None:
    manifest = json.loads((packed / "pack.json").read_text())
    (packed / "pack.json").write_text(json.dumps({**manifest, "format": 2}))
    with pytest.raises(DatasetError, match="in format 2, and this Mien reads format 1"):
        open_dataset(packed, "packed")


@pytest.mark.parametrize("name", ["train.pixels.npy", "train.facts.npz"])
@pytest.mark.parametrize("how", ["gone", "empty", "cut", "foreign", "torn"])
def test_damaged_arrays(name: str, how: str, packed: Path) -> None:
    path = packed / name
    data = path.read_bytes()
    path.unlink()
    if how == "foreign":
        path.write_bytes((packed / name.replace("train", "valid")).read_bytes())
    elif how == "torn":
        path.write_bytes(b"\x93NUMPY\x01\x00\x06\x00(((((\n")  # NumPy raises a TokenError
    elif how != "gone":
        path.write_bytes(b"" if how == "empty" else data[: len(data) // 2])
    with pytest.raises(DatasetError, match="is damaged, split 'train'"):
        open_dataset(packed, "packed").arrays("train")  # type: ignore[attr-defined]


def test_a_label_beyond_the_names(packed: Path) -> None:
    manifest = json.loads((packed / "pack.json").read_text())
    (packed / "pack.json").write_text(json.dumps({**manifest, "labels": ["anger"]}))
    with pytest.raises(DatasetError, match="a label is out of range"):
        next(open_dataset(packed, "packed").samples("train"))


@pytest.mark.parametrize(
    "split",
    ["../victim/x", "/etc/x", "a/b", "a\\b", "..", ".hidden", "", "C:x", "a\nb", "a\0b", "x" * 101],
)
def test_names_of_splits_are_names(split: str, packed: Path) -> None:
    manifest = json.loads((packed / "pack.json").read_text())
    manifest["pictures"] = {split: 0, **manifest["pictures"]}
    (packed / "pack.json").write_text(json.dumps(manifest))
    with pytest.raises(DatasetError, match="no valid names of splits"):
        open_dataset(packed, "packed")


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("votes", np.full((12, 10), -1), "votes has values that are not from 0 to"),
        ("votes", np.full((12, 10), 10**15), "votes has values that are not from 0 to"),
        ("votes", np.zeros((12, 3), np.int64), "votes has 3 columns, not 10"),
        ("targets", np.full((12, 3), np.nan), "targets has values that are not from 0 to 1"),
        ("targets", np.full((12, 3), 2.0), "targets has values that are not from 0 to 1"),
        ("targets", np.zeros((12, 4)), "targets has 4 columns, not 3"),
        ("affect", np.full((12, 2), np.inf), "affect has values that are not from -1 to 1"),
        ("labels", np.zeros(12), "labels is an array of float64"),
        ("labels", np.array([{}] * 12, object), "Object arrays cannot be loaded"),
    ],
)
def test_facts_that_no_picture_has(name: str, values: np.ndarray, words: str, packed: Path) -> None:
    path = packed / "train.facts.npz"
    facts = dict(np.load(path))
    np.savez(path, **{**facts, name: values})
    with pytest.raises(DatasetError, match=words):
        next(open_dataset(packed, "packed").samples("train"))
