"""``mien data`` on whole pictures with marked faces."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mien.datasets.base import SceneDataset
from mien.datasets.inspection import inspect
from mien.datasets.opening import open_dataset
from mien.datasets.scene import box_fingerprint
from mien.samples import ASTRONAUT
from tests.support import web
from tests.support.commands import mien

Output = pytest.CaptureFixture[str]


@pytest.fixture
def coco(tmp_path: Path) -> Path:
    """Ten pictures: number ``i`` has ``i`` faces of 10 pixels; the last cannot be read."""
    folder = tmp_path / "faces"
    folder.mkdir()
    images: list[dict[str, Any]] = []
    boxes: list[dict[str, Any]] = []
    for i in range(10):
        name = f"{i}.png"
        Image.open(ASTRONAUT).crop((i, 0, 200 + i, 150)).save(folder / name)
        images.append({"id": i, "file_name": name, "width": 200, "height": 150})
        boxes += [
            {"image_id": i, "category_id": 1, "bbox": [12 * n, 20, 10, 10], "ignore": n == 4}
            for n in range(i)
        ]
    boxes.append({"image_id": 3, "category_id": 1, "bbox": [5, 5, 0, 0]})
    (folder / "9.png").write_bytes(b"words")
    document = {
        "images": images, "annotations": boxes, "categories": [{"id": 1, "name": "face"}],
    }  # fmt: skip
    (folder / "annotations.json").write_text(json.dumps(document))
    return folder


def test_json_is_what_was_found(coco: Path, capsys: Output) -> None:
    assert mien("data", "info", coco, "--dataset", "coco", "--json") == 0
    out, err = capsys.readouterr()
    dataset = open_dataset(coco, "coco")
    assert isinstance(dataset, SceneDataset)
    expected = {"path": str(coco), **inspect(dataset).to_dict()}
    assert json.loads(out) == json.loads(json.dumps(expected)) and err == ""
    train = json.loads(out)["splits"]["train"]
    assert (train["pictures"], train["faces"], train["ignored"]) == (10, 40, 5)
    assert train["unreadable"] == 1 and train["by_size"]["small"] == 40


def test_the_table_says_it_in_lines_a_pipe_can_hold(coco: Path, capsys: Output) -> None:
    assert mien("data", "info", coco, "--dataset", "coco") == 0
    out, _ = capsys.readouterr()
    lines = [line.split() for line in out.splitlines()]
    assert ["pictures", "10"] in lines and ["faces", "40"] in lines
    fingerprint = box_fingerprint(open_dataset(coco, "coco").scenes("train"))
    assert ["fingerprint", fingerprint] in lines
    assert ["small,", "below", "32", "pixels", "100.0%", "40"] in lines
    assert "train: left out 1: box has no area" in out
    assert "warning: train: 1 pictures cannot be read" in out
    assert "\x1b" not in out and max(map(len, out.splitlines())) < 400


def test_divided_splits_are_listed(coco: Path, capsys: Output) -> None:
    how = ("--dataset", "coco", "--splits", "random:7/3")
    assert mien("data", "info", coco, *how, "--json") == 0
    found = json.loads(capsys.readouterr().out)["splits"]
    assert {name: split["pictures"] for name, split in found.items()} == {"train": 7, "valid": 3}


def test_the_reader_is_guessed_and_said(coco: Path, capsys: Output) -> None:
    assert mien("data", "info", coco) == 0
    assert capsys.readouterr().err.startswith(f"{coco} is read as 'coco' (--dataset chooses ")


def test_another_reader_names_the_one_that_fits(coco: Path, capsys: Output) -> None:
    assert mien("data", "info", coco, "--dataset", "fer2013") == 1
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1
    assert "readers that can read it: " in err and "coco" in err


def test_figures_are_drawn(coco: Path, tmp_path: Path, capsys: Output) -> None:
    pytest.importorskip("matplotlib")
    out = tmp_path / "figures"
    assert mien("data", "plot", coco, "--dataset", "coco", "--out", out) == 0
    printed, err = capsys.readouterr()
    names = [f"{name}.png" for name in ("boxes", "sizes", "faces_per_picture")]
    assert printed.splitlines() == [str(out / name) for name in names]
    assert err == "1 of the pictures drawn cannot be read\n"
    for name in names:
        with Image.open(out / name) as figure:
            assert figure.width > 500


def test_views_as_a_detector_learns_from_them(coco: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    out = tmp_path / "figures"
    recipe = ("--augment", "faster_rcnn_mobile", "--format", "svg")
    assert mien("data", "plot", coco, "--dataset", "coco", "--out", out, *recipe) == 0
    drawn = (out / "augmented.svg").read_text("utf-8")
    assert "faster_rcnn_mobile" in drawn and "320×320" in drawn


def test_without_a_split_called_train_the_first_is_shown(coco: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    (coco / "annotations.json").rename(coco / "annotations_val.json")
    out = tmp_path / "figures"
    assert mien("data", "plot", coco, "--dataset", "coco", "--out", out) == 0
    assert (out / "boxes.png").is_file()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("plot", "--out", "figures", "--augment", "se_resnet18"), "face crops"),
        (("plot", "--out", "figures", "--split", "test"), "no split 'test'"),
        (("pack", "packed", "--size", "48"), "for a classifier's training"),
    ],
)
def test_what_is_for_face_crops_alone_says_so(
    command: tuple[str, ...],
    words: str,
    coco: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Output,
) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    name, *rest = command
    assert mien("data", name, coco, *rest, "--dataset", "coco") in (1, 2)
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and words in err


def test_pictures_are_fetched_before_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    face = {"label": ["Face"], "points": [{"x": 0.25, "y": 0}, {"x": 0.5, "y": 0.5}]}
    with web.serving({"/a.jpg": web.content(ASTRONAUT.read_bytes())}) as site:
        lines = [
            json.dumps({"content": f"{site.url}/{name}.jpg", "annotation": [face]}) for name in "ab"
        ]
        (tmp_path / "export.json").write_text("\n".join(lines))
        command = (
            "data",
            "info",
            tmp_path / "export.json",
            "--dataset",
            "dataturks",
            "--option",
            "private=yes",
        )
        assert mien(*command) == 0
    out, _ = capsys.readouterr()
    assert "train: left out 1: not fetched, HTTP 404 Not Found" in out
    assert "median 181.0" in " ".join(out.split())  # √(128 × 256)
    assert mien(*command, "--json") == 0  # nobody is there to be asked any more
    assert json.loads(capsys.readouterr().out)["splits"]["train"]["faces"] == 1
