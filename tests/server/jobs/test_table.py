from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="needs the 'server' extra")

import anyio

from mien.pipeline import Recognizer
from mien.server.jobs.table import csv_lines
from mien.sinks.csv import CsvSink
from tests.support.clips import write_face


@pytest.mark.parametrize(("classify_every", "least"), [(0.0, None), (0.25, None), (0.0, 0.99)])
def test_the_table_is_that_of_the_command(
    tmp_path: Path, classify_every: float, least: float | None
) -> None:
    clip = write_face(tmp_path / "face.mp4", 8, empty=(5,))
    results = list(
        Recognizer(threads=1, min_confidence=least).video(clip, classify_every=classify_every)
    )
    assert any(r.carried for result in results for r in result.readings) == bool(classify_every)
    kept = tmp_path / "results.jsonl"
    kept.write_text("".join(json.dumps(result.to_dict()) + "\n" for result in results))

    async def table() -> bytes:
        async def lines() -> AsyncIterator[bytes]:
            yield kept.read_bytes()

        return b"".join([part async for part in csv_lines(lines(), kept, ())])

    text = io.StringIO()
    with CsvSink(text) as sink:
        for result in results:
            sink.write(result)
    assert anyio.run(table).decode() == text.getvalue()
