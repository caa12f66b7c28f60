from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("jinja2", reason="the 'plot' extra brings Jinja2")

from mien.errors import OutputError
from mien.reports.page import check_report_path, readable, write_report


def test_a_report_is_written_whole_and_its_path_checked_before(tmp_path: Path) -> None:
    check_report_path(tmp_path / "r.html")
    write_report(tmp_path / "r.html", "<p>√ \udcff</p>")  # a name may hold undecodable bytes
    assert (tmp_path / "r.html").read_text("utf-8") == "<p>√ ?</p>"
    for write in (check_report_path, lambda path: write_report(path, "")):
        with pytest.raises(OutputError, match="nowhere"):
            write(tmp_path / "nowhere" / "r.html")


def test_facts_are_text_without_empty_ones() -> None:
    facts = {"input_size": 44, "labels": ("anger", "fear"), "lr": 0.1234567, "note": "", "x": None}
    assert readable(facts) == {"input size": "44", "labels": "anger, fear", "lr": "0.12346"}
