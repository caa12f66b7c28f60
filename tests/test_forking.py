from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event, Lock, Thread

import pytest

from mien.forking import PerProcess, loading

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork"),
    # Python 3.12 and later warn of every fork of a process with threads.
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]

SECONDS = 30
"""After which a process that hangs is killed; each test takes about one."""


def in_child(function: Callable[[], bool]) -> bool:
    """Whether ``function`` is true in a forked child, which a signal ends if it hangs."""
    import signal

    if (pid := os.fork()) == 0:
        signal.alarm(5)
        os._exit(not function())
    return os.waitpid(pid, 0)[1] == 0


def prints(script: str) -> list[str]:
    """The lines that a script prints, run in a Python of its own."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", PREAMBLE + script],
        capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0 and not done.stderr, (done.returncode, done.stderr, done.stdout)
    return done.stdout.split()


PREAMBLE = """
import os, signal, sys, threading
import mien
from mien.samples import ASTRONAUT as PHOTO

def child(function):
    if (pid := os.fork()) == 0:
        signal.alarm(20)
        function()
        os._exit(0)
    print(os.waitpid(pid, 0)[1], flush=True)

"""


def test_a_child_has_a_lock_and_a_value_of_its_own() -> None:
    lock, held, done = PerProcess(Lock), Event(), Event()

    def hold() -> None:
        with lock.value:
            held.set()
            done.wait(SECONDS)

    thread = Thread(target=hold)
    thread.start()
    held.wait(SECONDS)
    here = lock.value
    assert in_child(lambda: lock.value.acquire(timeout=1) and lock.value is not here)
    done.set()
    thread.join()
    assert lock.value is here and not here.locked()


def test_what_a_child_inherits_is_never_destroyed(tmp_path: Path) -> None:
    log = tmp_path / "log"

    class Kept:
        def __del__(self) -> None:
            log.write_text(str(os.getpid()))

    value: list[PerProcess[Kept]] = [PerProcess(Kept)]

    def drop() -> bool:
        value.clear()
        return not log.exists()

    assert in_child(drop)
    value.clear()
    assert log.read_text() == str(os.getpid())


def test_a_fork_waits_until_nothing_is_loading() -> None:
    began, loaded = Event(), Event()

    def load() -> None:
        with loading:
            began.set()
            loaded.wait(0.2)
            loaded.set()

    thread = Thread(target=load)
    thread.start()
    began.wait(SECONDS)
    assert loading.locked()
    assert in_child(lambda: loaded.is_set() and not loading.locked())
    thread.join()
    with loading:  # and the thread that loads may fork itself
        assert in_child(loading.locked)
    assert not loading.locked()


def test_a_child_of_a_first_call_in_another_thread() -> None:
    assert prints("""
import mien.pipeline
thread = threading.Thread(target=mien.analyze, args=(PHOTO,))
thread.start()
while not mien.pipeline._lock.locked():
    pass
child(lambda: mien.analyze(PHOTO))
thread.join()
""") == ["0"]


def test_children_answer_and_end() -> None:
    """With the same options, with others, after the parent's networks are dropped, and on exit."""
    assert prints("""
import gc
mien.analyze(PHOTO, threads=2)
recognizer = mien.Recognizer(threads=3)
child(lambda: mien.analyze(PHOTO, threads=2))
child(lambda: mien.analyze(PHOTO, threads=2, min_face_size=60))

def drop():
    mien.pipeline._kept = None
    gc.collect()

import mien.pipeline
child(drop)
child(lambda: sys.exit(len(recognizer.image(PHOTO)) - 1))
child(lambda: child(lambda: recognizer.image(PHOTO)))
print(mien.analyze(PHOTO, threads=2)[0].expression)
""") == ["0", "0", "0", "0", "0", "0", "happiness"]


def test_pools_of_processes() -> None:
    assert (
        prints("""
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

def name(_):
    return mien.analyze(PHOTO)[0].expression

print(name(0))
fork = multiprocessing.get_context("fork")
with fork.Pool(2) as pool:
    print(*pool.map(name, range(3)))
with ProcessPoolExecutor(2, mp_context=fork) as pool:
    print(*pool.map(name, range(3)))
""")
        == ["happiness"] * 7
    )


def test_a_server_that_forks_its_workers() -> None:
    """As Gunicorn does with ``--preload``: load, listen, fork, serve, end on a signal."""
    assert prints("""
import socket
recognizer = mien.Recognizer()
recognizer.image(PHOTO)
server = socket.create_server(("127.0.0.1", 0))
workers = []
for _ in range(2):
    if (pid := os.fork()) == 0:
        signal.alarm(20)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        while True:
            client, _ = server.accept()
            with client:
                client.sendall(recognizer.image(PHOTO)[0].expression.encode())
    workers.append(pid)
for _ in range(4):
    with socket.create_connection(server.getsockname(), timeout=20) as client:
        print(client.recv(100).decode())
for pid in workers:
    os.kill(pid, signal.SIGTERM)
    print(os.waitpid(pid, 0)[1])
""") == ["happiness"] * 4 + ["0", "0"]


def test_a_file_that_changes_before_the_child_opens_it(tmp_path: Path) -> None:
    assert prints(f"""
import shutil
from mien.weights import DEFAULT
path = r"{tmp_path / "model.onnx"}"
shutil.copy(DEFAULT, path)
recognizer = mien.Recognizer("none", path)
recognizer.image(PHOTO)
shutil.copy(PHOTO, path)

def refused():
    try:
        recognizer.image(PHOTO)
    except mien.MienError as error:
        print("changed" if "has changed since it was loaded" in str(error) else error, flush=True)

child(refused)
""") == ["changed", "0"]
