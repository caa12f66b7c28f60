"""The programs of examples/ for jobs with an engine of their own give the faces of ``mien``."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="needs the 'scale' extra")

import pyarrow.dataset

import mien

pytestmark = pytest.mark.slow
EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(
    ("name", "packages"),
    [("corpus_dask", ("dask.dataframe", "distributed")), ("corpus_spark", ("pyspark", "pandas"))],
)
def test_it_finds_the_faces_of_real_photos(
    name: str, packages: tuple[str, ...], photos: Path, tmp_path: Path
) -> None:
    for package in packages:
        pytest.importorskip(package)
    if name == "corpus_spark" and shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    command = [sys.executable, EXAMPLES / f"{name}.py", photos, "--out", tmp_path / "faces"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    table = pyarrow.dataset.dataset(tmp_path / "faces", exclude_invalid_files=True).to_table()
    found = {(row["source"], row["x1"], row["expression"]) for row in table.to_pylist()}
    paths = sorted(photos.resolve().rglob("*.jpg"))
    expected = {
        (str(path), row["x1"], row["expression"])
        for path in paths
        for row in mien.Recognizer(threads=1).image(path).rows(keep_empty=True)
    }
    assert paths and found == expected
