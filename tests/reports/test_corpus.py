from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="needs the 'scale' extra")
pytest.importorskip("jinja2", reason="needs the 'plot' extra")

from mien.scale import running
from mien.scale.job import Job
from mien.scale.reporting import write_corpus_report
from mien.scale.running import run
from mien.scale.tallies import FACES, reason_of, tally
from tests.support import corpus


def test_the_page_has_the_numbers_of_the_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "run_locally", corpus.analyse_here)
    pictures = corpus.write(tmp_path / "pictures")
    (pictures / "<b>2.jpg").write_bytes(b"no picture either")
    run(pictures, tmp_path / "job", shard_size=2)
    sums = tally(Job(tmp_path / "job"))
    assert (sums.pictures, sums.videos, sums.failed, sums.faces) == (6, 0, 2, 4)
    assert sums.bytes == sum(path.stat().st_size for path in pictures.iterdir())
    assert [sums.faces_a_picture[name] for name in FACES] == [0, 4, 0, 0, 0, 0, 0]
    assert sum(sums.expressions.values()) == sum(sums.sides.values()) == 4
    (reason,) = sums.reasons
    assert sums.reasons[reason] == 2 and reason.startswith("… is not a picture")
    page = tmp_path / "report.html"
    write_corpus_report(tmp_path / "job", page, "mien corpus report")
    text = page.read_text("utf-8")
    assert "<b>2.jpg" not in text and "&lt;b&gt;2.jpg" in text
    assert re.search(r"failed <b>2</b>", text) and "Slowest inputs" in text


def test_equal_reasons_are_counted_together() -> None:
    name = "a/7.jpg"
    assert reason_of("'a/7.jpg' claims 30000×20000 pixels, above 100000000", name) == (
        "… claims N×N pixels, above N"
    )
