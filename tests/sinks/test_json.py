from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from mien.errors import OutputError
from mien.sinks import JsonSink
from mien.types import Result


@pytest.mark.parametrize("count", [0, 1, 3])
def test_one_array_of_every_picture(count: int, results: list[Result]) -> None:
    stream = io.StringIO()
    with JsonSink(stream) as sink:
        for result in results[:count]:
            sink.write(result)
    assert json.loads(stream.getvalue()) == [result.to_dict() for result in results[:count]]


def test_ctrl_c_leaves_a_valid_array(results: list[Result], tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    with pytest.raises(KeyboardInterrupt), JsonSink(path) as sink:
        sink.write(results[0])
        raise KeyboardInterrupt
    assert json.loads(path.read_text(encoding="utf-8")) == [results[0].to_dict()]


def test_nothing_is_written_after_the_end(results: list[Result], tmp_path: Path) -> None:
    sink = JsonSink(tmp_path / "out.json")
    sink.close()
    with pytest.raises(OutputError, match="closed"):
        sink.write(results[0])
