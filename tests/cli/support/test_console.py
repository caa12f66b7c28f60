from __future__ import annotations

import pytest

from mien.cli.support.console import out, table
from tests.support.commands import mien


def test_rows_in_a_pipe_end_with_their_last_word(capsys: pytest.CaptureFixture[str]) -> None:
    rows = table("name", "figure")
    rows.add_row("a", "1")
    rows.add_row("one of a longer name", "")
    out().print(rows)
    assert capsys.readouterr().out.splitlines() == [
        "name                  figure",
        "a                          1",
        "one of a longer name",
    ]


@pytest.mark.parametrize("args", [("models",), ("models", "show"), ("models", "show", "mtcnn")])
def test_models_are_listed_without_padding(
    args: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert mien(*args) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 3 and all(line == line.rstrip() for line in lines)
