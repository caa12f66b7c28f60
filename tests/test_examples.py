"""The notebooks of examples/ run; their stored outputs are small and hold no path of a machine."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")
pytest.importorskip("pandas")
pytest.importorskip("matplotlib")

REPO = Path(__file__).parents[1]
NOTEBOOKS = sorted((REPO / "examples").glob("*.ipynb"))


def texts(notebook: Any) -> list[str]:
    """What the cells print and show, numbers of seconds aside."""
    found = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error", output
            text = output.text if output.output_type == "stream" else output.data["text/plain"]
            found.append(text)
    return found


def test_there_is_one_for_every_kind_of_user() -> None:
    assert {path.stem for path in NOTEBOOKS} == {"application", "care_home", "research"}
    index = (REPO / "examples" / "README.md").read_text("utf-8")
    assert all(f"({path.name})" in index for path in NOTEBOOKS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_and_prints_what_is_stored(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if path.stem == "research":
        pytest.importorskip("torch", reason="needs the extra 'train'")
    stored = nbformat.read(path, as_version=4)
    nbformat.validate(stored)
    assert path.stat().st_size < 200_000
    assert all(cell.outputs or cell.source for cell in stored.cells if cell.cell_type == "code")
    assert not re.search(r"/(?:home|root|work|Users|tmp)/", "\n".join(texts(stored)))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(REPO / "src"), *sys.path])))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    fresh = nbformat.from_dict(stored)
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(
        fresh, timeout=120, kernel_name="python3", resources=resources
    ).execute()
    assert len(texts(fresh)) == len(texts(stored))
    for now, before in zip(texts(fresh), texts(stored), strict=True):
        assert re.sub(r"[\d.]+", "0", now) == re.sub(r"[\d.]+", "0", before)
