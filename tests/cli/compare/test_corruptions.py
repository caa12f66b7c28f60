from __future__ import annotations

import json
from pathlib import Path

import pytest

from mien.evaluation.classification.robustness import compare_robustness
from tests.support import fer2013
from tests.support.answers import answers
from tests.support.commands import mien
from tests.support.corrupted import corrupted_answers
from tests.support.fer2013 import Row
from tests.support.models import tiny_classifier

Output = pytest.CaptureFixture[str]


def test_saved_answers_are_compared(tmp_path: Path, capsys: Output) -> None:
    pytest.importorskip("jinja2")
    made = {"one": corrupted_answers(), "two": corrupted_answers(seed=1)}
    for name, each in made.items():
        each.save(tmp_path / f"{name}.npz")
    both = ("compare", tmp_path / "one.npz", tmp_path / "two.npz", "--corruptions")
    assert mien(*both, "--json") == 0
    read = json.loads(capsys.readouterr().out)
    found = compare_robustness(made)
    expected = json.loads(json.dumps(found.to_dict()))
    assert [row["scores"] for row in read["rows"]] == [row["scores"] for row in expected["rows"]]
    files = ("--figures", tmp_path / "figures", "--html", tmp_path / "r.html")
    assert mien(*both, *files) == 0
    out = capsys.readouterr().out
    assert out.startswith("faces, split valid, 60 pictures, clean and in 40 corrupted versions")
    pair = found.pairs[0]
    assert f"{100 * pair.difference:+.2f}" in out and f"{pair.relative:.1%}" in out
    assert [path.name for path in (tmp_path / "figures").iterdir()] == ["corruptions.png"]


def test_models_are_asked_about_the_same_pictures(
    fer2013_rows: list[Row], tmp_path: Path, capsys: Output
) -> None:
    data = fer2013.write_zip(tmp_path / "fer2013.zip", fer2013.files(fer2013_rows))
    models = [tiny_classifier(tmp_path / f"{i}.onnx", seed=i).path for i in range(2)]
    asked = ("--data", data, "--corruptions", "--limit", 8, "--figure", tmp_path / "f.png")
    assert mien("compare", *models, *asked, "--json") == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["scores"]["n"] for row in rows] == [8, 8]
    assert rows[0]["scores"]["fingerprint"] == rows[1]["scores"]["fingerprint"]
    assert rows[0]["scores"]["corruption_error"] <= rows[1]["scores"]["corruption_error"]
    assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")


def test_answers_to_clean_pictures_and_detectors_are_refused(
    tmp_path: Path, capsys: Output
) -> None:
    answers().save(tmp_path / "clean.npz")
    corrupted_answers().save(tmp_path / "corrupted.npz")
    both = ("compare", tmp_path / "clean.npz", tmp_path / "corrupted.npz", "--corruptions")
    assert mien(*both) == 2
    assert "clean.npz holds answers to clean pictures alone" in capsys.readouterr().err
    assert mien("compare", "mtcnn", "yunet", "--corruptions") == 2
    assert "--corruptions is for classifiers" in capsys.readouterr().err
    assert mien(*both, "--tta") == 2
    assert "--tta has no meaning with --corruptions" in capsys.readouterr().err
