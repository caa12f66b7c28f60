from __future__ import annotations

import csv
from pathlib import Path

import pytest

from mien.datasets.opening import open_dataset
from mien.errors import ConfigError, DatasetError
from mien.labelling.merging import Merged, write_merged
from mien.labelling.opening import open_session
from mien.labelling.pictures import Pictures
from mien.labelling.ratings import find_answer_files, read_ratings
from tests.labelling.test_ratings import write
from tests.support import sample
from tests.support.labelling import write_faces


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "faces"
    folder.mkdir()
    for number in range(7):
        sample.crop(number, 32).save(folder / f"{number}.png")
    for rater, answers in (("a", "haxh?phh"), ("b", "hhxx?.ph"), ("c", "h.h.?.ah")):
        write(folder, rater, answers)  # the last picture is gone
    return folder


def merged(folder: Path, path: Path) -> tuple[Merged, list[dict[str, str]]]:
    found = write_merged(path, Pictures(folder), read_ratings(find_answer_files(folder)))
    with path.open(newline="") as file:
        return found, list(csv.DictReader(file))


def test_the_majority_of_each_face(folder: Path) -> None:
    found, rows = merged(folder, folder / "merged.csv")
    assert rows == [
        {"path": "0.png", "label": "happiness", "raters": "3", "agreement": "1.0",
         "votes_happiness": "3", "votes_anger": "0", "votes_pain": "0"},
        {"path": "5.png", "label": "pain", "raters": "1", "agreement": "1.0",
         "votes_happiness": "0", "votes_anger": "0", "votes_pain": "1"},
    ]  # fmt: skip
    assert found == Merged(
        written=2, ties=3, not_a_face=1, no_label=1, gone=1, labels={"happiness": 1, "pain": 1}
    )


def test_paths_are_seen_from_the_table(folder: Path, tmp_path: Path) -> None:
    assert merged(folder, tmp_path / "m.csv")[1][0]["path"] == "faces/0.png"
    (tmp_path / "else").mkdir()
    assert merged(folder, tmp_path / "else" / "m.csv")[1][0]["path"] == "../faces/0.png"


def test_subjects_and_splits_are_kept(folder: Path) -> None:
    (folder / "faces.csv").write_text("path,label,subject\n0.png,fear,anna\n", "utf-8")
    rows = merged(folder, folder / "m.csv")[1]
    assert [row["subject"] for row in rows] == ["anna", ""] and "split" not in rows[0]


def test_readers_take_merged_labels_and_pass_over_answers(folder: Path) -> None:
    with pytest.raises(DatasetError, match="'mien data label --merged' joins them"):
        open_dataset(folder, "table", ["labels=free"])
    merged(folder, folder / "m.csv")
    for path, name in ((folder, "table"), (folder / "m.csv", "auto")):
        dataset = open_dataset(path, name, ["labels=free"])
        assert dataset.facts.reader == "table"
        found = {
            sample.key: dataset.facts.labels[sample.label] for sample in dataset.samples("train")
        }
        assert found == {"0.png": "happiness", "5.png": "pain"}
    alone = open_dataset(folder / "labels.a.csv", "auto", ["labels=free"])
    assert len(list(alone.samples("train"))) == 5


def test_answers_do_not_hide_folders_of_expressions(tmp_path: Path) -> None:
    write_faces(tmp_path / "happy", 2)
    with open_session(tmp_path, "anna") as opened:
        opened.session.answer(0, 0, "labelled", "fear")
    dataset = open_dataset(tmp_path)
    assert dataset.facts.reader == "folder" and dataset.facts.labels == ("happiness",)


def test_nothing_to_write_is_a_table_too(tmp_path: Path) -> None:
    sample.crop(0, 32).save(tmp_path / "0.png")
    write(tmp_path, "a", "?")
    found, rows = merged(tmp_path, tmp_path / "m.csv")
    assert (found.written, found.no_label, rows) == (0, 1, [])


def test_no_path_leads_into_a_zip(folder: Path, tmp_path: Path) -> None:
    import shutil

    shutil.make_archive(str(tmp_path / "a"), "zip", folder)
    with pytest.raises(ConfigError, match="unpack it"):
        write_merged(
            tmp_path / "m.csv", Pictures(tmp_path / "a.zip"),
            read_ratings(find_answer_files(folder)),
        )  # fmt: skip
