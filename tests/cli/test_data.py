from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest

from mien.datasets.crops.fer2013 import FER2013
from mien.datasets.inspection import inspect
from mien.datasets.opening import open_dataset
from mien.datasets.samples import pixel_fingerprint, pixel_keys
from tests.support import fer2013
from tests.support.commands import mien
from tests.support.fer2013 import Row

Output = pytest.CaptureFixture[str]

READER = ("--dataset", "fer2013")  # without it a line says that it was guessed


@pytest.fixture
def copy(fer2013_rows: list[Row], tmp_path: Path) -> Path:
    repeated = fer2013_rows[0]._replace(usage="PublicTest", emotion=6)
    return fer2013.write_csv(tmp_path / "fer2013.csv", [*fer2013_rows, repeated])


def test_json_is_what_inspect_found(copy: Path, capsys: Output) -> None:
    assert mien("data", "info", copy, *READER, "--json") == 0
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
    assert "warning: train: 40 pictures of the official 28,709: incomplete" in out
    public = open_dataset(copy).samples("public")
    labels, pixels = zip(*((s.label, pixel_keys([s.image])[0]) for s in public), strict=True)
    assert any(
        line[:1] == ["fingerprint"] and pixel_fingerprint(labels, pixels) == line[2]
        for line in lines
    )
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


def folder_of(rows: list[Row], path: Path) -> Path:
    return fer2013.write_folder(path, fer2013.files(rows))


def test_pack_says_what_it_did_and_the_pack_is_read(
    fer2013_rows: list[Row], tmp_path: Path, capsys: Output
) -> None:
    source, out = folder_of(fer2013_rows, tmp_path / "fer"), tmp_path / "out"
    assert mien("data", "pack", source, out, "--size", 32, *READER) == 0
    printed, err = capsys.readouterr()
    first, second = printed.splitlines()
    assert first == f"{out}: 64 pictures, 32×32 grey (train 40, public 16, private 8)"
    assert second.startswith("64 pictures in this run, ") and err == ""
    (out / "train.journal.partial").touch()  # a kill may come between the pack's end and this
    assert mien("data", "pack", source, out, "--size", 32, *READER) == 0
    assert capsys.readouterr().out.splitlines()[1] == "already complete"
    assert not list(out.glob("*.partial"))
    assert mien("data", "info", out, "--dataset", "packed", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["dataset"] == "fer2013 packed at 32" and found["splits"]["train"]["n"] == 40


def test_pack_lists_bad_pictures_and_goes_on(
    fer2013_rows: list[Row], tmp_path: Path, capsys: Output
) -> None:
    source, out = folder_of(fer2013_rows, tmp_path / "fer"), tmp_path / "out"
    next(source.rglob("Training_*.png")).write_bytes(b"no picture")
    packed = mien("data", "pack", source, out, "--size", 48, "--dataset", "folder", "--workers", 2)
    assert packed == 0
    printed, err = capsys.readouterr()
    assert ": 63 pictures, " in printed
    assert err == f"skipped 1 unreadable: see {out}/skipped.csv\n"


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("--size", 4), 2, "size must be from 8 to 512 pixels, got 4"),
        (("--size", 64), 2, "size 32, and 64 is requested"),
        (("--size", 32, "--channels", 3), 2, "channels 1, and 3 is requested"),
        (("--size", 32, "--channels", 2), 2, "--channels"),
        (("--size", 32, "--option", "classes=7"), 2, "unknown option 'classes'"),
        (("--size", 32, "--dataset", "folders"), 2, "did you mean 'folder'?"),
        ((), 2, "--size"),
    ],
)
def test_pack_refuses_in_one_line(
    args: tuple[object, ...],
    code: int,
    words: str,
    fer2013_rows: list[Row],
    tmp_path: Path,
    capsys: Output,
) -> None:
    source, out = folder_of(fer2013_rows[:3], tmp_path / "fer"), tmp_path / "out"
    assert mien("data", "pack", source, out, "--size", 32, *READER) == 0
    capsys.readouterr()
    reader = () if "--dataset" in args else READER
    assert mien("data", "pack", source, out, *args, *reader) == code
    printed, err = capsys.readouterr()
    assert printed == "" and err.startswith("mien: ") and err.count("\n") == 1 and words in err


def test_ctrl_c_says_how_to_resume(
    copy: Path, tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mien.datasets.packing.pack.pack", stop)
    assert mien("data", "pack", copy, tmp_path / "out", "--size", 32, *READER) == 130
    assert (
        capsys.readouterr().err == f"mien: stopped; resume {tmp_path}/out with the same command\n"
    )


def test_plot_writes_figures_one_can_open(copy: Path, tmp_path: Path, capsys: Output) -> None:
    pytest.importorskip("matplotlib")
    out = tmp_path / "figures"
    assert mien("data", "plot", copy, "--out", out, *READER) == 0
    names = ["labels.png", "samples.png", "mean_faces.png"]
    printed, err = capsys.readouterr()
    assert printed.splitlines() == [str(out / name) for name in names] and err == ""
    for name in names:
        image = cv2.imread(str(out / name))
        assert image is not None and min(image.shape[:2]) > 300
        assert image.std() > 20  # no empty canvas


def test_plot_shows_what_a_recipe_makes_of_pictures(
    copy: Path, tmp_path: Path, capsys: Output
) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("torch")
    args = ("--split", "public", "--augment", "default", "--format", "svg")
    assert mien("data", "plot", copy, "--out", tmp_path, *args) == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(tmp_path / "augmented.svg")
    drawn = (tmp_path / "augmented.svg").read_text()
    assert drawn.count("<image") >= 10 and "<svg" in drawn


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("--split", "test"), 1, "no split 'test'"),
        (("--augment", "defualt"), 2, "did you mean 'default'?"),
        (("--dataset", "nothing"), 2, "unknown dataset 'nothing'"),
        (("--out", "no/where"), 1, "make its folder first"),
        (("--format", "gif"), 2, "gif"),
    ],
)
def test_plot_refuses_in_one_line(
    args: tuple[str, ...], code: int, words: str, copy: Path, tmp_path: Path, capsys: Output
) -> None:
    pytest.importorskip("matplotlib")
    reader = () if "--dataset" in args else READER
    figures = tmp_path / "figures"
    assert mien("data", "plot", copy, "--out", figures, *args, *reader) == code
    printed, err = capsys.readouterr()
    assert printed == "" and err.startswith("mien: ") and err.count("\n") == 1 and words in err


def test_info_lists_sizes_and_what_is_left_out(
    fer2013_rows: list[Row], tmp_path: Path, capsys: Output
) -> None:
    source = folder_of(fer2013_rows[:40], tmp_path / "fer")
    (source / "overview.png").write_bytes(b"")
    first, second = sorted(source.rglob("Training_*.png"))[:2]
    first.write_bytes(b"no picture")
    second.write_bytes(fer2013.png(cv2.resize(fer2013_rows[0].image, (30, 60))))
    assert mien("data", "info", source, "--dataset", "folder") == 0
    out, _ = capsys.readouterr()
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "pictures 39" in lines and "that cannot be read 1" in lines
    assert "smallest, pixels 30×60" in lines and "largest, pixels 48×48" in lines
    assert "train: left out 1: in no folder named by an expression" in lines
    assert f"cannot be read: {source}: {first.relative_to(source)} cannot be decoded" in out


def test_info_sums_up_many_reasons(
    copy: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    reasons = {f"reason {i}": ["key"] * (20 - i) for i in range(13)}
    monkeypatch.setattr(FER2013, "skipped", lambda *_: reasons, raising=False)
    assert mien("data", "info", copy) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if "public: left" in line]
    assert len(lines) == 11 and lines[0] == "public: left out 20: reason 0"
    assert lines[-1] == "public: left out 27 for 3 other reasons"


def test_info_and_plot_divide_as_training_does(copy: Path, tmp_path: Path, capsys: Output) -> None:
    assert mien("data", "info", copy, "--splits", "random:20/10", "--json") == 0
    found = json.loads(capsys.readouterr().out)["splits"]
    assert {name: split["n"] for name, split in found.items()} == {
        "train": 20, "valid": 10, "public": 17, "private": 8,
    }  # fmt: skip
    pytest.importorskip("matplotlib")
    out = tmp_path / "figures"
    args = ("--splits", "random:20/10", "--split", "valid", "--format", "svg")
    assert mien("data", "plot", copy, "--out", out, *args) == 0
    assert mien("data", "info", copy, "--splits", "rnd:90/10") == 2
    assert "unknown splits 'rnd:90/10': expected official, random:90/10" in (
        capsys.readouterr().err
    )
