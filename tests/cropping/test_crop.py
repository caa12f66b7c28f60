"""Faces cut out of photos: the crops of ``DetectedFaces`` as files that readers take."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mien.cropping.crop import crop_faces, open_photos
from mien.cropping.folder import COLUMNS
from mien.datasets.detected import DetectedFaces
from mien.datasets.opening import open_dataset
from mien.detectors.load import load_detector
from mien.errors import ConfigError, DatasetError, MienError
from mien.media.images import read_image
from mien.preprocess.framing import FER2013_FRAMING, Framing
from tests.datasets.test_detected import Arrays, Squares
from tests.support import sample, whole_photos


def rows(folder: Path, name: str = "faces.csv") -> list[dict[str, str]]:
    with (folder / name).open(newline="") as file:
        return list(csv.DictReader(file))


def test_labelled_photos_become_a_data_set_of_the_same_labels(tmp_path: Path) -> None:
    photos = open_photos(whole_photos.write(tmp_path / "photos"))
    detector = load_detector("yunet", threads=1)
    seen: list[tuple[int, int]] = []
    done = crop_faces(
        photos, detector, tmp_path / "faces", on_progress=lambda n, of: seen.append((n, of))
    )
    assert (done.photos, done.faces, done.no_face, done.failed) == (4, 3, 1, 0)
    assert done.labels == {"happiness": 2, "neutral": 1}
    assert seen == [(n, 4) for n in range(1, 5)]

    assert open_dataset(tmp_path / "faces", "folder").facts.labels == ("happiness", "neutral")
    read = open_dataset(tmp_path / "faces")
    assert read.facts.reader == "table"
    assert read.facts.labels == ("happiness", "neutral")
    assert read.facts.framing == FER2013_FRAMING
    shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path / "faces")
    shutil.copy(tmp_path / "faces" / "faces.csv", tmp_path / "faces" / "merged.csv")
    for other in ("packed.zip", "faces/merged.csv"):
        facts = open_dataset(tmp_path / other).facts
        assert (facts.reader, facts.framing) == ("table", FER2013_FRAMING)
    found = {sample.key: sample.image for sample in read.samples("train")}
    expected = {}
    for crop in DetectedFaces(photos, detector).samples("train"):
        if crop.key != whole_photos.EMPTY:
            expected[crop.key.replace(".jpg", ".png")] = crop.image
    assert found.keys() == expected.keys()
    assert all(np.array_equal(found[key], expected[key]) for key in found)

    table = rows(tmp_path / "faces")
    assert tuple(table[0]) == COLUMNS
    assert {row["path"] for row in table} == set(found)
    first = next(row for row in table if row["source"] == "neutral/biden.jpg")
    assert (first["label"], first["split"], first["face"]) == ("neutral", "train", "0")
    (face,) = detector.detect(read_image(tmp_path / "photos" / first["source"]))
    box = [float(first[f"source_{name}"]) for name in ("x1", "y1", "x2", "y2")]
    assert box == face.box.to_list(1)
    assert len(first["landmarks"].split()) == 10
    skipped = {"split": "train", "picture": whole_photos.EMPTY, "reason": "no face found"}
    assert rows(tmp_path / "faces", "skipped.csv") == [skipped]


def test_any_tree_without_labels_keeps_its_folders(tmp_path: Path) -> None:
    (tmp_path / "in" / "2021" / "trip").mkdir(parents=True)
    for name in ("a.jpg", "a.png", "2021/trip/b.jpg"):
        sample.photo("astronaut.jpg").save(tmp_path / "in" / name)
    (tmp_path / "in" / "damaged.jpg").write_bytes(b"no picture")
    errors: list[MienError] = []
    done = crop_faces(
        open_photos(tmp_path / "in"), load_detector("yunet", threads=1), tmp_path / "out",
        faces="all", framing=Framing(margin=0.2, offset=(0.0, 0.0), align=True), size=64,
        on_error=errors.append,
    )  # fmt: skip
    assert (done.photos, done.faces, done.failed) == (4, 3, 1)
    assert len(errors) == 1 and "damaged.jpg" in str(errors[0])
    paths = {row["path"] for row in rows(tmp_path / "out")}
    assert paths == {"2021/trip/b_0.png", "a_0.png", "a_0_2.png"}
    assert all(Image.open(tmp_path / "out" / path).size == (64, 64) for path in paths)
    how = json.loads((tmp_path / "out" / "crop.json").read_text())
    assert how["framing"] == {"margin": 0.2, "offset": [0.0, 0.0], "align": True}
    assert (how["detected"], how["size"]) == (["yunet", "all"], 64)


def test_labels_that_cannot_be_read_are_not_lost_in_silence(tmp_path: Path) -> None:
    photos = whole_photos.write(tmp_path / "photos")
    (photos / "own.csv").write_text("path,label\nneutral/biden.jpg,bored\n")
    with pytest.raises(DatasetError, match=r"choose one with --dataset \(folder, table\)"):
        open_photos(photos)
    (photos / "neutral").rename(photos / "one")
    (photos / "happiness").rename(photos / "two")
    (photos / "own.csv").write_text("path,label\none/biden.jpg,bored\n")
    (note,) = open_photos(photos).facts.notes
    assert "'table'" in note and "labels=free" in note


def test_no_pictures_and_a_folder_among_the_photos_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no pictures"):
        open_photos(tmp_path)
    with pytest.raises(ConfigError, match="would be taken for photos"):
        crop_faces(Arrays(1), Squares(), tmp_path / "out", source=tmp_path)
    assert not list(tmp_path.iterdir())


def test_whole_pictures_with_marks_are_searched_too(photos: Path, tmp_path: Path) -> None:
    data = open_photos(photos)
    assert data.facts.labels == ()
    done = crop_faces(data, load_detector("yunet", threads=1), tmp_path / "out")
    assert (done.photos, done.faces) == (3, 3)
    assert all("label" not in row for row in rows(tmp_path / "out"))
