"""A journal after a kill: its whole lines count, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from mien.journal import Journal


@pytest.mark.parametrize("torn", [b"", b'["thr', b"\0\0\0\0\n"])
def test_a_torn_end_is_written_over(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "a.journal"
    first = Journal(path)
    assert list(first.read()) == []
    first.append([["one", 1]])
    first.append([["two \ud800", None], {"c": 3}])
    with path.open("ab") as file:
        file.write(torn)
    again = Journal(path)
    assert list(again.read()) == [["one", 1], ["two \ud800", None], {"c": 3}]
    again.append([4])
    assert list(Journal(path).read()) == [["one", 1], ["two \ud800", None], {"c": 3}, 4]


def test_a_damaged_line_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    path.write_bytes(b"[1]\nnonsense\n[2]\n")
    with pytest.raises(ValueError):
        list(Journal(path).read())
