from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien.detectors.mtcnn.detector import WEIGHTS
from mien.errors import ConfigError, ModelFileError
from mien.runtime import Session, open_session, usable_cores
from mien.weights import DEFAULT

RNET = WEIGHTS / "rnet.onnx"


def test_path_and_content_give_the_same_network() -> None:
    pixels = np.random.default_rng(0).uniform(0, 255, (2, 24, 24, 3)).astype(np.float32)
    answers = [
        open_session(model, threads=1).run(["score"], {"pixels": pixels})[0]
        for model in (RNET, str(RNET), RNET.read_bytes())
    ]
    assert answers[0].shape == (2, 1)
    assert np.array_equal(answers[0], answers[1]) and np.array_equal(answers[0], answers[2])


def test_threads_are_the_cores_of_this_process_or_as_given() -> None:
    def threads(**given: int) -> int:
        return open_session(RNET, **given).get_session_options().intra_op_num_threads

    assert threads() == usable_cores() <= (os.cpu_count() or 1)
    assert threads(threads=3) == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "not a model that ONNX Runtime can run"),
        (RNET.read_bytes()[:200_000], "not a model that ONNX Runtime can run"),
    ],
    ids=["empty", "foreign", "truncated"],
)
def test_a_bad_model_is_one_clear_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(content)
    for model in (path, content):
        with pytest.raises(ModelFileError, match=message) as caught:
            open_session(model)
        assert "\n" not in str(caught.value) and "expected an ONNX file" in str(caught.value)
    with pytest.raises(ModelFileError, match=r"bad\.onnx"):
        open_session(path)


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"no\.onnx.* does not exist"):
        open_session(tmp_path / "no.onnx")
    with pytest.raises(ModelFileError, match="cannot be read"):
        open_session(tmp_path)


def test_a_protected_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:  # for root, no file is protected
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("mien.runtime.open_file", refuse)
    with pytest.raises(ModelFileError, match=r"rnet\.onnx' cannot be read: Permission denied"):
        open_session(RNET)


def test_a_named_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.onnx")
    with pytest.raises(ModelFileError, match=r"pipe\.onnx' cannot be read: it is a named pipe"):
        open_session(tmp_path / "pipe.onnx")


@pytest.mark.parametrize("threads", [0, -1, 1025, 10**30, 1.0, True, "2"])
def test_wrong_options_are_refused(threads: Any) -> None:
    with pytest.raises(ConfigError, match="threads must be a whole number from 1 to 1024, got "):
        open_session(RNET, threads=threads)


def test_nothing_is_written_and_onnxruntime_is_imported_late() -> None:
    script = (
        "import sys\n"
        "from mien.runtime import open_session\n"
        "assert 'onnxruntime' not in sys.modules\n"
        "try: open_session(b'foreign')\n"
        "except Exception as error: assert type(error).__name__ == 'ModelFileError'\n"
        f"open_session({str(RNET)!r})\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_small_inputs_run_in_one_thread_and_large_ones_on_all_cores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[int] = []
    start = Session._start

    def noted(session: Session, source: str | bytes, device: str, threads: int) -> Any:
        opened.append(threads)
        return start(session, source, device, threads)

    monkeypatch.setattr(Session, "_start", noted)
    monkeypatch.setattr("mien.runtime.usable_cores", lambda: 2)
    side = 44
    session = open_session(DEFAULT, small=4 * side**2)
    faces = np.random.default_rng(0).normal(size=(4, 1, side, side)).astype(np.float32)
    name, output = session.get_inputs()[0].name, session.get_outputs()[0].name
    one = session.run([output], {name: faces[:3]})[0]
    assert opened == [1]
    both = session.run([output], {name: faces})[0]
    assert opened == [1, 2]
    np.testing.assert_allclose(both[:3], one, atol=1e-4)
    opened.clear()
    given = open_session(DEFAULT, threads=2, small=4 * side**2)
    given.run([output], {name: faces[:1]})
    assert opened == [2]
