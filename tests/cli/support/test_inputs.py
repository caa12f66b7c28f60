"""No output of any command overwrites one of its inputs, however the two are spelt."""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

import pytest
from PIL import Image

from mien.cli.app import cli
from mien.samples import ASTRONAUT
from tests.support import clips, tiny
from tests.support.commands import every_command, mien

Output = pytest.CaptureFixture[str]

OUTPUTS = {
    "analyze": ["output", "draw", "crops"],
    "average": ["out"],
    "camera": ["output"],
    "compare": ["figure", "figures", "html"],
    "corpus merge": ["out"],
    "compress": ["out"],
    "corpus report": ["out"],
    "corpus run": ["out"],
    "data crop": ["out"],
    "data label": ["merged", "out"],
    "data pack": ["out"],
    "data plot": ["out"],
    "evaluate": ["figure", "figures", "html", "save", "out"],
    "export": ["out"],
    "log backup": ["output"],
    "log export": ["output", "pictures"],
    "monitor run": ["heartbeat"],
    "report": ["out"],
    "study": ["out"],
    "train": ["out"],
    "trends": ["figure"],
    "tune": ["out"],
    "video": ["output", "draw", "summary"],
}
"""The parameters of every command that writes a file."""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Pictures, a data set, a model, a recipe and a run, with links to each."""
    monkeypatch.chdir(tmp_path)
    Path("photos/happiness").mkdir(parents=True)
    shutil.copy(ASTRONAUT, "photos/a.jpg")
    shutil.copy(ASTRONAUT, "photos/plain")  # no suffix
    with Image.open(ASTRONAUT) as picture:
        picture.resize((48, 48)).save("photos/happiness/b.png")
    tiny.write_csv(Path("fer.csv"))
    Path("recipe.toml").write_text("")
    for name in ("answers.npz", "model.onnx"):
        Path(name).write_bytes(b"precious")
    Path("clips").mkdir()
    clips.write(Path("clips/a.mp4"), frames=2)
    shutil.copy("clips/a.mp4", "clips/notes")
    Path("clips/b.mp4").symlink_to("notes")
    Path("run").mkdir()
    for name in ("recipe.json", "last.pt", "metrics.jsonl"):
        Path("run", name).write_bytes(b"precious")
    for name in (
        "photos",
        "clips/a.mp4",
        "fer.csv",
        "photos/a.jpg",
        "photos/plain",
        "answers.npz",
        "recipe.toml",
    ):
        Path(f"soft_{Path(name).name}").symlink_to(name)
        if Path(name).is_file():
            Path(f"hard_{Path(name).name}").hardlink_to(name)
    return tmp_path


def state(place: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in place.rglob("*") if path.is_file()}


ANALYZE = ("analyze", "--detector", "none")


@pytest.mark.parametrize("arguments", [
    (*ANALYZE, "photos", "-r", "-o", "photos/plain"),
    (*ANALYZE, "photos/plain", "-o", "soft_plain"),
    (*ANALYZE, "photos/plain", "-o", "hard_plain"),
    (*ANALYZE, "photos/plain", "-o", "photos/../photos/plain"),
    (*ANALYZE, "photos/*", "-o", "hard_plain"),
    (*ANALYZE, "photos", "--draw", "photos"),
    (*ANALYZE, "photos", "--draw", "soft_photos"),
    (*ANALYZE, "photos/a.jpg", "--crops", "soft_photos"),
    (*ANALYZE, "photos/*.jpg", "--crops", "photos"),
    (*ANALYZE, "photos", "-r", "--draw", "photos/happiness"),
    (*ANALYZE, "photos/a.jpg", "--model", "hard_answers.npz", "-o", "answers.npz"),
    ("average", "run", "photos", "--out", "photos"),
    ("corpus", "run", "photos", "--out", "soft_photos"),
    ("corpus", "run", "photos", "--out", "new", "--metrics", "photos/a.jpg"),
    ("corpus", "run", "fer.csv", "--out", "new", "--metrics", "hard_fer.csv"),
    ("corpus", "merge", "photos", "--out", "soft_photos"),
    ("corpus", "report", "photos", "--out", "soft_photos"),
    ("data", "crop", "photos", "--out", "soft_photos"),
    ("data", "crop", "photos", "--out", "photos/happiness"),
    ("data", "plot", "photos", "--dataset", "folder", "--out", "photos"),
    ("data", "plot", "photos", "--dataset", "folder", "--out", "soft_photos"),
    ("data", "plot", "photos", "--dataset", "folder", "--out", "photos/happiness"),
    ("data", "label", "photos", "--agreement", "--ratings", "fer.csv", "--merged", "hard_fer.csv"),
    ("data", "pack", "photos", "soft_photos", "--size", "16", "--dataset", "folder"),
    ("data", "pack", "fer.csv", "hard_fer.csv", "--size", "16"),
    ("evaluate", "default", "--data", "fer.csv", "--save", "fer.csv"),
    ("evaluate", "default", "--data", "fer.csv", "--html", "soft_fer.csv"),
    ("evaluate", "default", "--data", "photos", "--figures", "soft_photos"),
    ("evaluate", "default", "--data", "photos", "--figure", "photos/happiness/b.png"),
    ("evaluate", "knn", "--data", "photos", "--folds", "2", "--out", "photos"),
    ("evaluate", "run", "--data", "fer.csv", "--save", "run/last.pt"),
    ("evaluate", "default", "--data", "x", "--option", "labels=fer.csv", "--save", "fer.csv"),
    ("camera", "0", "--model", "fer.csv", "-f", "csv", "-o", "hard_fer.csv"),
    ("compare", "answers.npz", "default", "--html", "hard_answers.npz"),
    ("compare", "default", "default", "--data", "photos", "--figures", "photos"),
    ("compress", "run", "--data", "photos", "--macs", "5", "--out", "photos"),
    ("export", "run", "--out", "run/last.pt"),
    ("export", "run", "--out", "run/recipe.json"),
    ("export", "run", "--calibrate", "fer.csv", "--out", "hard_fer.csv"),
    ("log", "backup", "hard_fer.csv", "--log", "fer.csv"),
    ("log", "export", "anna", "--log", "fer.csv", "-o", "soft_fer.csv"),
    ("log", "export", "anna", "--log", "fer.csv", "--pictures", "soft_fer.csv"),
    ("monitor", "run", "recipe.toml", "--log", "fer.csv", "--heartbeat", "hard_recipe.toml"),
    ("monitor", "run", "recipe.toml", "--log", "fer.csv", "--heartbeat", "soft_fer.csv"),
    ("report", "anna", "--log", "fer.csv", "--out", "soft_fer.csv"),
    ("train", "recipe.toml", "--data", "photos", "--out", "photos"),
    ("train", "soft_recipe.toml", "--data", "fer.csv", "--out", "recipe.toml"),
    ("trends", "anna", "--log", "photos/a.jpg", "--figure", "photos/a.jpg"),
    ("tune", "mlp", "--data", "photos", "--out", "soft_photos", "--trials", "1"),
    ("study", "--data", "soft_photos", "--out", "photos"),
    ("video", "clips/a.mp4", "--draw", "clips/a.mp4"),
    ("video", "clips/a.mp4", "--draw", "soft_a.mp4"),
    ("video", "clips", "-f", "csv", "--draw", "hard_a.mp4"),
    ("video", "clips/*.mp4", "-o", "clips/notes"),
    ("video", "clips/notes", "-o", "clips/../clips/notes"),
    ("video", "clips", "-f", "csv", "--summary", "clips/b.mp4"),
], ids=" ".join)  # fmt: skip
def test_it_is_refused_and_nothing_is_written(
    place: Path, arguments: tuple[str, ...], capsys: Output
) -> None:
    before = state(place)
    assert mien(*arguments) == 1
    shown, error = capsys.readouterr()
    assert shown == "" and error.count("\n") == 1
    assert error.startswith("mien: cannot write ") and error.endswith("give another\n")
    assert state(place) == before


def test_a_list_on_standard_input_is_checked_as_it_comes(
    place: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state(place)
    for outputs, last in (
        (["-o", "new.csv"], "photos/a.jpg"), (["-o", "soft_plain"], "photos/plain"),
        (["--draw", "soft_photos"], "photos/a.jpg"),
    ):  # fmt: skip
        names = f"{ASTRONAUT}\n{last}\n".encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(names)))
        assert mien(*ANALYZE, "-q", "-", "-f", "csv", *outputs) == (
            0 if "new.csv" in outputs else 1
        )
        error = capsys.readouterr().err
        assert error == "" if "new.csv" in outputs else "cannot write" in error
    after = state(place)
    assert {name: after[name] for name in before} == before


def test_every_output_of_every_command_is_known_here() -> None:
    """A parameter whose help or name speaks of writing belongs into ``OUTPUTS``."""
    words = ("write", "save", "draw", "folder", "the onnx file to write")
    names = {"out", "output", "draw", "crops", "save", "html", "figure", "figures"}
    found: dict[str, list[str]] = {}
    for path, command in every_command(cli):
        for parameter in command.params:
            text = str(getattr(parameter, "help", "") or "").lower()
            takes = not getattr(parameter, "is_flag", False)
            if takes and (parameter.name in names or text.startswith(words)):
                found.setdefault(path, []).append(str(parameter.name))
    assert {path: sorted(names) for path, names in found.items()} == {
        path: sorted(names) for path, names in OUTPUTS.items()
    }
