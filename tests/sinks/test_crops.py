from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mien.errors import InputError, OutputError
from mien.media.images import read_image
from mien.sinks import CropsSink
from mien.types import EmotionScores, Result
from tests.support.results import make_reading, make_result


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "crops.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_each_face_is_a_file_that_carries_its_label(
    results: list[Result], image: np.ndarray, tmp_path: Path
) -> None:
    with CropsSink(tmp_path, suffix=".png") as sink:
        for result in results:
            sink.write(result, image)
    rows = rows_of(tmp_path)
    assert [row["file"] for row in rows[:2]] == ["photo_0_happiness.png", "photo_1_anger.png"]
    assert {row["file"] for row in rows} == {p.name for p in tmp_path.glob("*.png")}
    for row, wanted in zip(rows, [r for result in results for r in result.rows()], strict=True):
        x1, y1, x2, y2 = (round(float(row[k])) for k in ("x1", "y1", "x2", "y2"))
        np.testing.assert_array_equal(read_image(tmp_path / row["file"]), image[y1:y2, x1:x2])
        assert row["expression"] in row["file"]
        assert {k: v for k, v in row.items() if k not in ("file", "source")} == {
            k: str(v) for k, v in wanted.items() if k != "source"
        }


def test_equal_names_from_different_folders_do_not_collide(
    image: np.ndarray, tmp_path: Path
) -> None:
    with CropsSink(tmp_path) as sink:
        for source in ("a/x.jpg", "b/x.jpg"):
            sink.write(make_result(make_reading(), source=source), image)
    assert len({row["file"] for row in rows_of(tmp_path)}) == 2
    assert len(list(tmp_path.glob("*.jpg"))) == 2


@pytest.mark.parametrize("label", ["ü" * 150, "漢" * 100, "😀" * 100])
def test_labels_longer_than_a_file_name(label: str, image: np.ndarray, tmp_path: Path) -> None:
    face = replace(make_reading(), emotions=EmotionScores((label, "other"), (0.75, 0.25)))
    with CropsSink(tmp_path) as sink:
        sink.write(make_result(face, source="ż" * 120 + ".jpg"), image)
    (row,) = rows_of(tmp_path)
    assert row["expression"] == label and (tmp_path / row["file"]).is_file()


def test_a_margin_widens_and_the_picture_limits(image: np.ndarray, tmp_path: Path) -> None:
    boxes = [(40, 30, 60, 50), (-20, -10, 30, 40), (90, 70, 140, 120), (0.4, 0.4, 0.6, 0.6)]
    result = make_result(*(make_reading(box=box) for box in boxes))
    with CropsSink(tmp_path, margin=0.5, suffix=".png") as sink:
        sink.write(result, image)
    sizes = [read_image(tmp_path / row["file"]).shape[:2] for row in rows_of(tmp_path)]
    assert sizes == [(40, 40), (65, 55), (35, 35), (1, 1)]
    with pytest.raises(InputError, match="margin"):
        CropsSink(tmp_path, margin=-1)


def test_a_box_outside_the_picture_has_a_row_without_a_file(
    image: np.ndarray, tmp_path: Path
) -> None:
    with CropsSink(tmp_path) as sink:
        sink.write(make_result(make_reading(box=(200, 200, 220, 220))), image)
    assert [row["file"] for row in rows_of(tmp_path)] == [""]


def test_a_run_without_a_face_leaves_a_header(image: np.ndarray, tmp_path: Path) -> None:
    with CropsSink(tmp_path) as sink:
        sink.write(make_result(), None)  # no face: the picture is not even read
    assert rows_of(tmp_path) == []
    assert (tmp_path / "crops.csv").read_text(encoding="utf-8").startswith("source,face,")


def test_labels_become_valid_file_names(image: np.ndarray, tmp_path: Path) -> None:
    with CropsSink(tmp_path) as sink:
        sink.write(make_result(make_reading("a/b c", labels=("a/b c", "d"))), image)
    assert (tmp_path / "photo_0_a-b-c.jpg").is_file()


def test_a_table_that_mien_did_not_write_is_kept(image: np.ndarray, tmp_path: Path) -> None:
    for result in (make_result(), make_result(make_reading())):
        for _ in range(2):  # its own tables it replaces
            with CropsSink(tmp_path) as sink:
                sink.write(result, image)
    assert len(rows_of(tmp_path)) == 1
    (tmp_path / "crops.csv").write_text("field,wheat,file\n1,2,3\n")
    with pytest.raises(OutputError, match=r"cannot overwrite .*crops\.csv.*choose another folder"):
        CropsSink(tmp_path)
    assert (tmp_path / "crops.csv").read_text() == "field,wheat,file\n1,2,3\n"
