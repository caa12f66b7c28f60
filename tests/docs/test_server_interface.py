"""The programs of docs/server_interface.md, against a real server."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

pytest.importorskip("fastapi", reason="the extra 'server' is not installed")
pytest.importorskip("websockets", reason="the extra 'server' is not installed")

from mien.labels import FER2013
from tests.server.support.served import serving
from tests.support.clips import face, write_face

PAGE = Path(__file__).resolve().parents[2] / "docs" / "server_interface.md"


def test_the_programs_do_what_the_page_says(tmp_path: Path) -> None:
    text = PAGE.read_text("utf-8")
    video, live = re.findall(r"```py\n(.*?)```", text, re.S)
    write_face(tmp_path / "clip.mp4", 5)
    (tmp_path / "frames").mkdir()
    for number in range(3):
        cv2.imwrite(str(tmp_path / "frames" / f"{number}.jpg"), face(2 * number)[:, :, ::-1])
    with serving(tmp_path) as one:
        said = []
        for program in (video, live):
            done = subprocess.run(
                [sys.executable, "-c", program.replace("127.0.0.1:8000", one.url[7:])],
                cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            said.append(done.stdout.splitlines())
    assert len(said[0]) == 6 and said[0][0].startswith("0.0 ['") and "{" in said[0][-1]
    assert set(FER2013) <= set(ast.literal_eval(said[1][0])) and [
        line[0] for line in said[1][1:]
    ] == [*"123"]
