from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest

import fer2013
from commands import mien
from fer2013 import Row
from mien.datasets.base import open_dataset
from mien.datasets.info import inspect

Output = pytest.CaptureFixture[str]


@pytest.fixture
def copy(fer2013_rows: list[Row], tmp_path: Path) -> Path:
    repeated = fer2013_rows[0]._replace(usage="PublicTest", emotion=6)
    return fer2013.write_csv(tmp_path / "fer2013.csv", [*fer2013_rows, repeated])


def test_json_is_what_inspect_found(copy: Path, capsys: Output) -> None:
    assert mien("data", "info", copy, "--json") == 0
    out, err = capsys.readouterr()
    found = inspect(open_dataset(copy)).to_dict()
    assert json.loads(out) == json.loads(json.dumps({"path": str(copy), **found}))
    assert err == ""


def test_the_table_says_it_in_lines_a_pipe_can_hold(copy: Path, capsys: Output) -> None:
    assert mien("data", "info", copy) == 0
    out, _ = capsys.readouterr()
    lines = [line.split() for line in out.splitlines()]
    assert ["train", "public", "private"] in lines
    assert ["pictures", "40", "17", "8"] in lines
    assert "1 pictures of public are pixel-identical to one in train, 1 of them under" in out
    assert "warning: train: 40 pictures of the official 28,709: not all" in out
    assert "\x1b" not in out


def test_an_altered_copy_is_warned_of(
    fer2013_rows: list[Row], tmp_path: Path, capsys: Output
) -> None:
    equal = [row._replace(image=cv2.equalizeHist(row.image)) for row in fer2013_rows]
    members = fer2013.files(equal)
    assert mien("data", "info", fer2013.write_zip(tmp_path / "faces.zip", members)) == 0
    assert "look histogram-equalised" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["nowhere.csv", "words.csv", "words.zip"])
def test_a_bad_copy_is_one_line(name: str, tmp_path: Path, capsys: Output) -> None:
    if name.startswith("words"):
        (tmp_path / name).write_text("words")
    assert mien("data", "info", tmp_path / name) == 1
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("mien: ") and err.count("\n") == 1 and name in err


def test_usage_errors(tmp_path: Path, capsys: Output) -> None:
    assert mien("data", "info") == 2
    assert mien("data", "info", tmp_path, "--dataset", "fer2012") == 2
    assert "did you mean 'fer2013'?" in capsys.readouterr().err
