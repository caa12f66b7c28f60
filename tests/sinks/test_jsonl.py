from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from mien.sinks import JsonlSink
from mien.types import Result


def test_one_object_a_picture_faces_or_none(results: list[Result], tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    with JsonlSink(path) as sink:
        for count, result in enumerate(results, start=1):
            sink.write(result)
            lines = path.read_text(encoding="utf-8").splitlines()  # flushed: seen at once
            assert len(lines) == count
    assert [json.loads(line) for line in lines] == [result.to_dict() for result in results]
    assert "grüße" in lines[2]


def test_a_file_from_before_is_made_anew(results: list[Result], tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text("old\n" * 100)
    with JsonlSink(path) as sink:
        sink.write(results[1])
    assert json.loads(path.read_text(encoding="utf-8")) == results[1].to_dict()


def test_a_killed_run_leaves_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    code = f"""
from mien.sinks import JsonlSink
from mien.types import Result
with JsonlSink({str(path)!r}) as sink:
    for index in range(10**9):
        sink.write(Result((), 1, 1, source="x" * 300))
        if index == 500:
            print("go", flush=True)
"""
    for number in (signal.SIGKILL, signal.SIGINT):
        run = subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert run.stdout is not None
        assert run.stdout.readline() == b"go\n"
        os.kill(run.pid, number)
        run.wait()
        run.stdout.close()
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        assert len(lines) >= 500
        if number == signal.SIGKILL and not lines[-1].endswith("\n"):
            lines.pop()  # Linux may end a write of a killed process at the end of a page
        assert all(json.loads(line)["width"] == 1 for line in lines)
