from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from mien.errors import ConfigError
from mien.labelling.opening import open_session
from mien.samples import ASTRONAUT
from tests.support.labelling import write_faces


@pytest.mark.parametrize("rater", ["", "a/b", "..", "a b", "x" * 41, "-a", "a\n"])
def test_a_rater_is_a_name_for_a_file(tmp_path: Path, rater: str) -> None:
    with pytest.raises(ConfigError, match="letters, digits"):
        open_session(write_faces(tmp_path, 1), rater).__enter__()


def test_raters_have_own_files_and_orders(tmp_path: Path) -> None:
    write_faces(tmp_path, 10)
    with (
        open_session(tmp_path, "Änna_1", order_of="Änna_1") as anna,
        open_session(tmp_path, "ben", order_of="ben") as ben,
    ):
        assert anna.session.order != ben.session.order
        assert (anna.path.name, ben.path.name) == ("labels.Änna_1.csv", "labels.ben.csv")
    with open_session(tmp_path, "anna") as anna, open_session(tmp_path, "ben") as ben:
        assert anna.session.order == ben.session.order


def test_a_zip_needs_a_place_for_the_answers(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(ASTRONAUT, "a.jpg")
    with pytest.raises(ConfigError, match="say with --out"):
        open_session(tmp_path / "a.zip", "anna").__enter__()
    with open_session(tmp_path / "a.zip", "anna", out=tmp_path / "a.csv") as opened:
        opened.session.answer(0, 0, "labelled", "fear")
    assert ",fear,anna," in (tmp_path / "a.csv").read_text()


def test_what_the_rater_should_know(tmp_path: Path) -> None:
    write_faces(tmp_path, 1)
    (tmp_path / "a.xcf").touch()
    with open_session(tmp_path, "anna", labels="bored,pain", model="default") as opened:
        assert opened.notes == [
            "left out 1: .xcf is not read: convert it to JPEG or PNG",
            "no suggestions: the model 'default' knows none of the labels",
        ]


def test_it_needs_no_extra() -> None:
    code = """
import sys
class Wall:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "matplotlib", "scipy", "sklearn", "onnx", "jinja2"):
            raise ImportError(f"{name} is not part of the core")
sys.meta_path.insert(0, Wall())
from mien.labelling import opening, server, ratings, merging
from mien.labelling.suggestions import load_suggestions
print(load_suggestions("default", ["fear"]) is not None)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.stdout == "True\n", done.stderr
