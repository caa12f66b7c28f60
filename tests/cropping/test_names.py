"""Names of crops: any key of a photo becomes a path in the folder."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

from mien.cropping.crop import crop_faces
from mien.datasets.samples import Sample
from tests.datasets.test_detected import Arrays, Squares


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "faces.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_keys_of_rows_and_hostile_keys_stay_in_the_folder(tmp_path: Path) -> None:
    class Rows(Arrays):
        def samples(self, split: str):  # type: ignore[no-untyped-def]
            for key in ("7", "../../x.jpg", "/etc/=y.jpg", "C:\\z.jpg", "..", "-1.jpg"):
                yield Sample(self.images[0], 0, key)

    done = crop_faces(Rows(1), Squares(), tmp_path / "out")
    assert done.faces == 6
    paths = [row["path"] for row in rows(tmp_path / "out")]
    assert paths == [
        "train/happiness/7.png", "train/happiness/x.png", "etc/_y.png", "C-/z.png",
        "train/happiness/face.png", "train/happiness/_1.png",
    ]  # fmt: skip
    assert all((tmp_path / "out" / path).is_file() for path in paths)


def test_labels_longer_than_a_file_name(tmp_path: Path) -> None:
    class Long(Arrays):
        def samples(self, split: str):  # type: ignore[no-untyped-def]
            yield Sample(self.images[0], 0, "7")

    photos = Long(1)
    photos.facts = replace(photos.facts, labels=("😀" * 100,))
    crop_faces(photos, Squares(), tmp_path / "out")
    (row,) = rows(tmp_path / "out")
    assert row["label"] == "😀" * 100 and (tmp_path / "out" / row["path"]).is_file()
