"""A corpus of real faces, and what its jobs hold."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from mien.samples import ASTRONAUT
from mien.scale.analysis import Analysis
from mien.scale.answers import Answers, face_schema, input_table
from mien.scale.groups import groups
from mien.scale.inputs import Input
from mien.scale.settings import Settings
from mien.scale.task import Limits, Task
from tests.support import tar_files


def write(folder: Path, count: int = 4) -> Path:
    """A folder of ``count`` different small pictures of one face, and one that is no picture."""
    folder.mkdir(parents=True)
    with Image.open(ASTRONAUT) as opened:
        face = opened.convert("RGB").crop((150, 30, 300, 200))
    for number in range(count):
        face.resize((100 + number, 110)).save(folder / f"{number:02d}.png")
    (folder / "broken.jpg").write_bytes(b"no picture")
    return folder


def write_archives(folder: Path, pictures: Path) -> tuple[Path, Path]:
    """A zip, half of it stored and half deflated, and a tar of the pictures of a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        for number, path in enumerate(sorted(pictures.iterdir())):
            method = zipfile.ZIP_DEFLATED if number % 2 else zipfile.ZIP_STORED
            archive.write(path, f"in/{path.name}", method)
    tar_files.write(folder / "b.tar", sorted(pictures.iterdir()))
    return folder / "a.zip", folder / "b.tar"


def files(folder: Path) -> dict[str, bytes]:
    """The files of a job that may not depend on when and how it ran."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in ("timings.jsonl", ".lock")
    }


def inputs(count: int) -> list[Input]:
    """Inputs that nobody reads."""
    return [Input(f"{number}.jpg", 10, number=number) for number in range(count)]


def answers(wanted: list[Input]) -> Answers:
    """Answers without faces for these inputs.

    The column ``sha256`` has the numbers of those that were classified together.
    """
    rows: list[dict[str, Any]] = [
        {
            "input": each.number, "source": each.source, "bytes": each.size, "faces": 0,
            "sha256": str([one.number for one in group]),
        }
        for group in groups(wanted)
        for each in group
    ]  # fmt: skip
    faces = face_schema(("happiness", "neutral"), False).empty_table()
    return Answers(faces, input_table(rows))


def analyse_here(
    tasks: Iterable[Task], settings: Settings, workers: int, limits: Limits
) -> Iterator[tuple[Task, Answers]]:
    """Takes the place of ``run_locally``: without processes, which take a second to start."""
    analysis = Analysis(settings)
    for task in tasks:
        yield task, analysis.run(task.inputs)


def copy(pictures: Path, folder: Path) -> Path:
    """The same files with the same times."""
    return Path(shutil.copytree(pictures, folder))
