from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow", reason="needs the 'scale' extra")

import pyarrow.dataset
from pyarrow import parquet

from mien.errors import ConfigError
from mien.scale import running
from mien.scale.merging import merge
from mien.scale.running import run
from mien.scale.verifying import verify
from tests.support import corpus
from tests.support.commands import mien

Output = pytest.CaptureFixture[str]


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(running, "run_locally", corpus.analyse_here)
    run(corpus.write(tmp_path / "pictures"), tmp_path / "job", shard_size=2)
    return tmp_path / "job"


def rows(folder: Path) -> list[dict[str, Any]]:
    table = pyarrow.dataset.dataset(folder, partitioning="hive").to_table()
    found: list[dict[str, Any]] = table.to_pylist()
    return sorted(found, key=lambda row: int(row["input"]))


def test_all_shards_become_one_data_set(job: Path, tmp_path: Path, capsys: Output) -> None:
    expected = [
        row
        for path in sorted((job / "shards").glob("*.parquet"))
        if ".inputs." not in path.name
        for row in parquet.read_table(path).to_pylist()
    ]
    assert mien("corpus", "merge", job, "--out", tmp_path / "faces") == 0
    assert capsys.readouterr().err.startswith("4 faces in ")
    assert rows(tmp_path / "faces") == expected
    folders = {path.name for path in (tmp_path / "faces").iterdir()}
    assert folders == {f"expression={row['expression']}" for row in expected}
    assert merge(job, tmp_path / "flat", by=[]) == 4
    assert rows(tmp_path / "flat") == expected
    with pytest.raises(ConfigError, match="exists: give a new folder"):
        merge(job, tmp_path / "flat")
    with pytest.raises(ConfigError, match="no column 'expresion': did you mean 'expression'"):
        merge(job, tmp_path / "new", by=["expresion"])
    (job / "shards" / "000001.json").unlink()
    with pytest.raises(ConfigError, match="1 of 3 shards are not done"):
        merge(job, tmp_path / "new")
    assert merge(job, tmp_path / "new", partial=True) < 4


def test_damage_of_every_kind_is_found(job: Path, capsys: Output) -> None:
    assert mien("corpus", "verify", job, "--content") == 0
    good = corpus.files(job)
    for name in sorted(good):
        if not name.startswith("shards/"):
            continue
        for place in range(0, len(good[name]), max(1, len(good[name]) // 8)):
            data = bytearray(good[name])
            data[place] ^= 0xFF
            (job / name).write_bytes(data)
            assert list(verify(job, inputs=False)), (name, place)
        (job / name).write_bytes(good[name])
    (job / "shards/000000.parquet").write_bytes(good["shards/000001.parquet"])
    assert "'shards/000000.parquet' is missing or damaged" in _shown(job)
    (job / "shards/000000.json").write_bytes(good["shards/000001.json"])
    assert "shard 000000 is of an earlier manifest" in _shown(job)
    (job / "shards/000000.json").unlink()
    assert "shard 000000 is not done" in _shown(job)
    capsys.readouterr()
    assert mien("corpus", "verify", job) == 1
    assert "1 problem in " in capsys.readouterr().err


def _shown(job: Path) -> str:
    return "\n".join(problem.text.replace(f"{job}/", "") for problem in verify(job))
