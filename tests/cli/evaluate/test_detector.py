from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mien.evaluation.detection.answers import Detections
from tests.support.coloured_faces import (
    AGAIN,
    AP50,
    FALSE,
    FOUND,
    MISSED,
    PICTURES,
    data_and_detector,
    write_zip,
)
from tests.support.commands import mien
from tests.support.models import tiny_classifier

Output = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("coloured")


@pytest.fixture(scope="module")
def coloured(place: Path) -> tuple[Path, Path]:
    return data_and_detector(place)


READER = ("--dataset", "coco")
"""A guess would be said."""


def measured(capsys: Output, *args: object) -> dict[str, object]:
    assert mien("evaluate", *args, *READER, "--json") == 0
    out, err = capsys.readouterr()
    assert err == "" and out.count("\n") == 1
    found: dict[str, object] = json.loads(out)
    return found


def test_json_has_what_can_be_counted_by_hand(coloured: tuple[Path, Path], capsys: Output) -> None:
    data, model = coloured
    found = measured(capsys, model, "--data", data)
    used = found["operating"]
    assert isinstance(used, dict)
    assert [used[key] for key in ("found", "missed", "false", "duplicates")] == [
        FOUND, MISSED, FALSE, AGAIN,
    ]  # fmt: skip
    assert used["precision"] == FOUND / (FOUND + FALSE + AGAIN)
    assert used["recall"] == FOUND / (FOUND + MISSED)
    assert found["ap50"] == pytest.approx(AP50)
    assert found["detector"] == "colours" and found["source"] == str(model)
    assert (found["pictures"], found["faces"], found["threshold"]) == (len(PICTURES), 4, 0.5)
    facts = found["facts"]
    assert isinstance(facts, dict) and facts["asked_from"] == 0.05 and facts["cores"] > 0
    assert found["warnings"] == []


def test_a_threshold_of_the_users(coloured: tuple[Path, Path], capsys: Output) -> None:
    data, model = coloured
    sure = measured(capsys, model, "--data", data, "--threshold", "0.85")
    unsure = measured(capsys, model, "--data", data, "--detector-option", "score_threshold=0.2")
    assert sure["ap50"] == unsure["ap50"] == pytest.approx(AP50)  # over all scores, whatever it is
    for found, counts in ((sure, [3, 1, 0, 0]), (unsure, [4, 0, FALSE, AGAIN])):
        used = found["operating"]
        assert isinstance(used, dict)
        assert [used[key] for key in ("found", "missed", "false", "duplicates")] == counts
    assert unsure["threshold"] == 0.2


def test_only_the_first_pictures(coloured: tuple[Path, Path], capsys: Output) -> None:
    data, model = coloured
    found = measured(capsys, model, "--data", data, "--limit", "2", "--threads", "1")
    facts = found["facts"]
    assert found["pictures"] == 2 and isinstance(facts, dict) and facts["threads"] == 1


def test_the_table_is_readable_in_a_pipe(coloured: tuple[Path, Path], capsys: Output) -> None:
    data, model = coloured
    assert mien("evaluate", model, "--data", data, "--split", "valid") == 0
    out, _ = capsys.readouterr()
    assert out.startswith(
        "colours on faces_val, split valid: 5 pictures, 4 faces, used at a score of 0.5\n"
    )
    lines = [line.split() for line in out.splitlines()]
    assert ["all", "faces", "4", f"{AP50:.1%}", "60.0%", "75.0%", "66.7%", "0.20", "0.33"] in lines
    assert "all boxes from a score of 0.05 were kept" in out and "\x1b" not in out


def test_all_that_can_be_written_at_once(
    coloured: tuple[Path, Path], tmp_path: Path, capsys: Output
) -> None:
    pytest.importorskip("matplotlib", reason="the 'plot' extra brings Matplotlib")
    pytest.importorskip("jinja2", reason="the 'plot' extra brings Jinja2")
    data, model = coloured
    figures, page, answers = tmp_path / "figures", tmp_path / "r.html", tmp_path / "a.npz"
    curve = tmp_path / "curve.svg"
    measured(
        capsys, model, "--data", data, "--figures", figures, "--html", page, "--save", answers,
        "--figure", curve,
    )  # fmt: skip
    assert sorted(path.name for path in figures.iterdir()) == [
        "false_positives.png", "missed_faces.png", "misses.png", "precision_recall.png",
        "recall_by_size.png",
    ]  # fmt: skip
    for path in figures.iterdir():
        picture = np.array(Image.open(path).convert("L"))
        assert min(picture.shape) > 200, path
        # Nothing is cut off: the outermost pixels are white on every side.
        assert all(edge.min() == 255 for edge in (picture[0], picture[-1], *picture.T[[0, -1]]))
    html = page.read_text("utf-8")
    assert f"mien evaluate {model} --data {data}" in html and f"{AP50:.1%}" in html
    assert curve.read_bytes().startswith(b"<?xml")
    saved = Detections.load(answers)
    assert len(saved) == 5 and sum(len(answer.boxes) for answer in saved.answers) == 6


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        (["--tta"], 2, ("--tta is for classifiers", "face detector", "leave it out")),
        (["--explain", "3"], 2, ("--explain is for classifiers",)),
        (["--repeats-of", "train"], 2, ("--repeats-of is for classifiers",)),
        (["--split", "public"], 1, ("no split 'public'", "valid")),
        (["--dataset", "fer2013"], 1, ("faces_val.zip", "coco")),
        (["--detector-option", "score=1"], 2, ("unknown option 'score'", "score_threshold")),
        (
            ["--detector-option", "score_threshold=x"],
            2,
            ("must be a number, got 'x'",),
        ),
        (["--figures", "/proc/none"], 1, ("/proc/none",)),
        (["--save", "nowhere/a.npz"], 1, ("no folder 'nowhere'",)),
        (["--threshold", "2"], 2, ("--threshold",)),
    ],
)
def test_what_cannot_be_done_is_one_line(
    more: list[str], code: int, words: tuple[str, ...], coloured: tuple[Path, Path], capsys: Output
) -> None:
    data, model = coloured
    assert mien("evaluate", model, "--data", data, *READER, *more) == code
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("mien: ") and err.count("\n") == 1
    assert all(word in err for word in words), err


def test_what_detectors_alone_have_is_refused_for_a_classifier(
    coloured: tuple[Path, Path], tmp_path: Path, capsys: Output
) -> None:
    model = tiny_classifier(tmp_path / "tiny.onnx").path
    options = ("--data", coloured[0], "--split", "valid")
    assert mien("evaluate", model, *options, "--threshold", "0.5") == 2
    assert f"--threshold is for face detectors, and {model} is a classifier" in (
        capsys.readouterr().err
    )
    assert mien("evaluate", model, *options, "--dataset", "coco") == 2
    assert "'coco' reads whole pictures with marked faces" in capsys.readouterr().err


def test_a_split_is_needed_where_there_are_several(
    coloured: tuple[Path, Path], tmp_path: Path, capsys: Output
) -> None:
    _, model = coloured
    path = write_zip(tmp_path / "faces_train.zip", PICTURES)
    divided = ("--data", path, "--splits", "random:60/40")
    assert mien("evaluate", model, *divided) == 2
    assert "--split is missing: this data has train, valid" in capsys.readouterr().err
    assert measured(capsys, model, *divided, "--split", "valid")["pictures"] == 2


def test_a_registered_detector(coloured: tuple[Path, Path], capsys: Output) -> None:
    found = measured(capsys, "none", "--data", coloured[0])
    assert found["detector"] == "none"
    used = found["operating"]
    assert isinstance(used, dict) and used["found"] + used["false"] + used["duplicates"] == 5


def test_a_file_of_yunet_is_an_option(
    shared: Path, coloured: tuple[Path, Path], capsys: Output
) -> None:
    file = shared / "weights" / "yunet_n_320_320.onnx"
    assert mien("evaluate", file, "--data", coloured[0]) == 1
    assert f"--detector-option model={file}" in capsys.readouterr().err
    found = measured(
        capsys, "yunet", "--detector-option", f"model={file}", "--data", coloured[0], "--limit", "2"
    )
    assert found["detector"] == "yunet" and found["pictures"] == 2


def test_a_full_disk_does_not_take_the_measures_with_it(
    coloured: tuple[Path, Path], tmp_path: Path, capsys: Output,
    full_disk: Callable[[int], AbstractContextManager[None]],
) -> None:  # fmt: skip
    pytest.importorskip("matplotlib", reason="the 'plot' extra brings Matplotlib")
    data, model = coloured
    with full_disk(1000):
        code = mien(
            "evaluate", model, "--data", data, *READER, "--json", "--figure", tmp_path / "c.png"
        )
    out, err = capsys.readouterr()
    assert code == 1 and json.loads(out)["faces"] == 4
    assert "cannot write" in err and err.count("\n") == 1 and not list(tmp_path.iterdir())


def test_the_core_is_enough(coloured: tuple[Path, Path]) -> None:
    """Without any extra a detector is measured and compared."""
    code = """
import sys
class Wall:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "onnx", "matplotlib", "jinja2", "scipy", "sklearn"):
            raise ImportError(f"{name} is not part of the core")
sys.meta_path.insert(0, Wall())
from mien.cli.app import main
data, model = sys.argv[1:]
for arguments in (
    ["evaluate", model, "--json"], ["compare", "none", model],
    ["evaluate", model, "--html", "r.html"],
):
    try:
        main([*arguments, "--data", data, "--dataset", "coco"])
    except SystemExit as error:
        print(error.code, file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, coloured)],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert done.stderr.splitlines() == [
        "0", "0",
        "mien: an HTML report needs the 'plot' extra: pip install '.[plot]' in a clone of Mien",
        "1",
    ]  # fmt: skip
    assert json.loads(done.stdout.splitlines()[0])["faces"] == 4


@pytest.mark.parametrize(
    ("model", "code", "words"),
    [
        ("mtcn", 2, "unknown model 'mtcn': did you mean 'mtcnn'?"),
        ("answers.npz", 2, "answers.npz is a file of answers, not a model"),
    ],
)
def test_what_is_not_a_model_is_reported_first(
    model: str, code: int, words: str, coloured: tuple[Path, Path], capsys: Output
) -> None:
    assert mien("evaluate", model, "--data", coloured[0]) == code
    assert words in capsys.readouterr().err
