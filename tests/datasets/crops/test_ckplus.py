from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from mien.datasets.base import Dataset
from mien.datasets.opening import open_dataset
from mien.datasets.splits import resplit
from mien.errors import ConfigError, DatasetError
from mien.labels import CKPLUS
from mien.samples import ASTRONAUT
from tests.support import fer2013

IMAGES = "cohn-kanade-images"
LENGTHS = {"S005/001": 11, "S010/002": 14, "S010/003": 2, "S011/004": 9, "S999/001": 5}
LABELS = {"S005/001": 3, "S010/002": 6, "S010/003": 2, "S011/004": 7}  # S999 has none


def tree(labels: dict[str, int] = LABELS, home: str = "Emotion") -> dict[str, bytes]:
    """CK+ as it is unpacked: every frame, and a file for each sequence that has a label."""
    files = {}
    for sequence, length in LENGTHS.items():
        names = [f"{sequence.replace('/', '_')}_{frame:08}" for frame in range(1, length + 1)]
        files |= {f"{IMAGES}/{sequence}/{name}.png": ASTRONAUT.read_bytes() for name in names}
        if sequence in labels:
            text = f"   {labels[sequence]:.7e}\n".encode()
            files[f"{home}/{sequence}/{names[-1]}_emotion.txt"] = text
    return files


def read(path: Path, files: dict[str, bytes], *options: str) -> Dataset:
    return open_dataset(fer2013.write_zip(path / "ck.zip", files), "folder", options)


def keys(dataset: Dataset) -> dict[str, str]:
    return {
        sample.key.rpartition("/")[2][:-4]: dataset.facts.labels[sample.label]
        for sample in dataset.samples("train")
    }


@pytest.mark.parametrize("home", ["Emotion", "Emotion_labels/Emotion", "labels"])
@pytest.mark.parametrize("options", [[], ["order=ckplus"], ["order=fer2013"]])
def test_the_peak_has_the_label_of_its_file(home: str, options: list[str], tmp_path: Path) -> None:
    dataset = read(tmp_path, tree(home=home), *options)
    assert keys(dataset) == {
        "S005_001_00000011": "disgust",
        "S010_002_00000014": "sadness",
        "S010_003_00000002": "contempt",
        "S011_004_00000009": "surprise",
    }
    assert dataset.skipped("train") == {
        "frame of a sequence that frames=peak leaves out": [
            f"{IMAGES}/{sequence}/{sequence.replace('/', '_')}_{frame:08}.png"
            for sequence in LABELS
            for frame in range(1, LENGTHS[sequence])
        ],
        "frame of a sequence without a label": [
            f"{IMAGES}/S999/001/S999_001_{frame:08}.png" for frame in range(1, 6)
        ],
    }


def test_subjects_are_known_without_an_option(tmp_path: Path) -> None:
    dataset = read(tmp_path, tree())
    assert Counter(sample.subject for sample in dataset.samples("train")) == {
        "S005": 1, "S010": 2, "S011": 1,
    }  # fmt: skip
    assert resplit(dataset, "subject:50/50").splits()


def test_the_last_three_frames_and_the_first_as_neutral(tmp_path: Path) -> None:
    found = keys(read(tmp_path, tree(), "frames=last3"))
    assert found["S005_001_00000001"] == found["S011_004_00000001"] == "neutral"
    assert {found[f"S005_001_{frame:08}"] for frame in (9, 10, 11)} == {"disgust"}
    assert found["S010_003_00000001"] == found["S010_003_00000002"] == "contempt"
    assert len(found) == 3 * 4 + 2
    with pytest.raises(ConfigError, match="frames=peak, last3"):
        read(tmp_path, tree(), "frames=all")


@pytest.mark.parametrize("number", range(8))
def test_every_label(number: int, tmp_path: Path) -> None:
    assert set(keys(read(tmp_path, tree({"S005/001": number}))).values()) == {CKPLUS[number]}


@pytest.mark.parametrize("text", [b"", b"8", b"-1", b"3.5", b"happy", b"9" * 5000, b"\xff", b"1e5"])
def test_a_damaged_label_is_left_out(text: bytes, tmp_path: Path) -> None:
    files = tree()
    name = next(name for name in files if name.endswith("_emotion.txt"))
    dataset = read(tmp_path, {**files, name: text})
    assert dataset.skipped("train")["emotion file has no number from 0 to 7"] == [name]
    assert len(keys(dataset)) == 3


@pytest.mark.parametrize("text", [b"3", b"3.0", b" 3.0000000e+00\n", b"3.e0"])
def test_spellings_of_a_label(text: bytes, tmp_path: Path) -> None:
    files = tree({"S005/001": 1})
    name = next(name for name in files if name.endswith("_emotion.txt"))
    assert set(keys(read(tmp_path, {**files, name: text})).values()) == {"disgust"}


def test_a_label_without_its_sequence(tmp_path: Path) -> None:
    files = {name: data for name, data in tree().items() if "S005/001/S005_001_000" not in name or
             name.endswith("_emotion.txt")}  # fmt: skip
    name = "Emotion/S005/001/S005_001_00000011_emotion.txt"
    assert read(tmp_path, files).skipped("train")["labelled without a picture"] == [name]


@pytest.mark.parametrize("options", [[], ["order=ckplus"]])
def test_without_labels_the_folders_are_none(options: list[str], tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"is CK\+ as published, without its labels") as caught:
        read(tmp_path, tree({}), *options)
    assert "order=" not in str(caught.value)
