"""Several processes give what one gives, and none outlives its parent."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from mien.errors import ConfigError, ImageReadError, ModelFileError, UnknownNameError, WorkerError
from mien.pipeline import Recognizer
from mien.samples import ASTRONAUT
from mien.workers import _tasks, sendable, stream


@pytest.fixture
def photos(tmp_path: Path) -> list[str]:
    """Twenty crops of one photo, the fourth of which is damaged."""
    with Image.open(ASTRONAUT) as photo:
        for index in range(20):
            corner = 150 + 4 * index
            face = photo.crop((corner, 50, corner + 96, 146)).convert("RGB")
            face.save(tmp_path / f"{index:02}.png")
    (tmp_path / "03.png").write_bytes(b"no picture")
    return [str(path) for path in sorted(tmp_path.glob("*.png"))]


def test_two_processes_give_the_results_of_one_in_order(photos: list[str]) -> None:
    failed: list[tuple[str, str]] = []
    wanted = Recognizer("none", threads=1).images(photos, lambda *bad: failed.append(bad))  # type: ignore[arg-type]
    expected = [(r.source, r.width, [x.emotions.probs for x in r]) for r in wanted]
    bad: list[tuple[str, ImageReadError]] = []
    found = []
    for result, image in stream(
        photos, lambda *each: bad.append(each), workers=2, pictures=True, detector="none"
    ):
        assert image is not None and image.shape == (96, 96, 3)
        found.append((result.source, result.width, [x.emotions.probs for x in result]))
    assert found == expected
    assert [name for name, _ in bad] == [photos[3]]
    assert [(name, str(error)) for name, error in bad] == [(n, str(e)) for n, e in failed]
    assert not multiprocessing.active_children()


def test_an_unreadable_picture_is_raised_after_those_before_it(photos: list[str]) -> None:
    found = []
    with pytest.raises(ImageReadError, match=r"03\.png"):
        for result, image in stream(photos, workers=1, detector="none"):
            found.append((result.source, image))
    assert found == [(path, None) for path in photos[:3]]


def test_a_process_that_dies_is_an_error_and_what_came_before_stays(photos: list[str]) -> None:
    answers = stream(photos, lambda *_: None, workers=1, detector="none")
    assert next(answers)[0].source == photos[0]
    (child,) = multiprocessing.active_children()
    os.kill(child.pid or 0, signal.SIGKILL)
    with pytest.raises(WorkerError, match=r"died \(signal 9\).*fewer workers"):
        list(answers)
    assert not multiprocessing.active_children()


def test_wrong_options_are_the_errors_of_a_recognizer(photos: list[str]) -> None:
    with pytest.raises(ConfigError, match="from 1 to 256, got 0"):
        next(stream(photos, workers=0))
    with pytest.raises(ModelFileError, match="does not exist"):
        next(stream(photos, workers=1, detector="none", model="gone.onnx"))


def test_an_error_that_cannot_be_sent_keeps_its_text() -> None:
    error = UnknownNameError("detector", "mtcn", ["mtcnn"])
    assert str(sendable(error)) == str(error)
    plain = ImageReadError("too large")
    assert sendable(plain) is plain


def test_tasks_fit_into_a_pipe() -> None:
    names = ["x" * 900] * 5 + ["y"] * 20 + ["z" * 9000]
    tasks = list(_tasks(names))
    assert [name for task in tasks for name in task] == names
    assert [len(task) for task in tasks] == [2, 2, 8, 8, 5, 1]


@pytest.mark.skipif(not Path("/proc").exists(), reason="reads /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_no_process_outlives_its_parent(photos: list[str], number: int) -> None:
    """Killed, or stopped with Ctrl-C, which a terminal sends to the whole group."""
    script = """
import multiprocessing, signal, sys
from mien.workers import stream
signal.signal(signal.SIGINT, signal.default_int_handler)
if __name__ == "__main__":
    answers = stream(sys.argv[1:] * 500, lambda *_: None, workers=2, detector="none")
    next(answers)
    try:
        print(*(child.pid for child in multiprocessing.active_children()), flush=True)
        list(answers)
    except KeyboardInterrupt:
        print("stopped")
"""
    with subprocess.Popen(
        [sys.executable, "-c", script, *photos[:3]], start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as parent:  # fmt: skip
        assert parent.stdout is not None
        children = parent.stdout.readline().split()
        assert len(children) == 2
        (os.kill if number == signal.SIGKILL else os.killpg)(parent.pid, number)
        said, errors = parent.communicate(timeout=30)
    assert (said, errors) == (("stopped\n" if number == signal.SIGINT else ""), "")
    deadline = time.monotonic() + 20
    while any(Path("/proc", child).exists() for child in children):
        assert time.monotonic() < deadline, "a worker is still there"
        time.sleep(0.02)
