from __future__ import annotations

from pathlib import Path

import pytest

from mien.cli.support.output_files import OutputFiles
from mien.errors import ConfigError, OutputError


def test_nothing_requested_is_nothing_to_check(tmp_path: Path) -> None:
    files = OutputFiles()
    files.check()
    files.write_pictures({"a": b"1"})
    assert not files.draws_all and not list(tmp_path.iterdir())


def test_the_folder_is_made_and_filled(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the 'plot' extra brings Matplotlib")
    files = OutputFiles(figures=str(tmp_path / "new" / "figures"))
    files.check()
    files.write_pictures({"a": b"1", "b": b"2"})
    assert files.draws_all
    assert {path.name: path.read_bytes() for path in Path(str(files.figures)).iterdir()} == {
        "a.png": b"1", "b.png": b"2",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("files", "error"),
    [
        (OutputFiles(figure="c.gif"), ConfigError),
        (OutputFiles(figure="nowhere/c.png"), OutputError),
        (OutputFiles(figures="/proc/none"), OutputError),
        (OutputFiles(html="nowhere/r.html"), OutputError),
        (OutputFiles(save="nowhere/a.npz"), OutputError),
    ],
)
def test_what_would_fail_after_the_work_fails_before(
    files: OutputFiles, error: type[Exception]
) -> None:
    pytest.importorskip("matplotlib", reason="the 'plot' extra brings Matplotlib")
    pytest.importorskip("jinja2", reason="the 'plot' extra brings Jinja2")
    with pytest.raises(error):
        files.check()
