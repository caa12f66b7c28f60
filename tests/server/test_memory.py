from __future__ import annotations

import ctypes
import os
import subprocess
import sys

import pytest

pytest.importorskip("uvicorn", reason="needs the 'server' extra")

COUNT = """
import ctypes, sys, tempfile, threading
from mien.server.memory import share_free_memory
if sys.argv[1] == "shared":
    share_free_memory()
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fdopen.restype = ctypes.c_void_p
together = threading.Barrier(8)
def work():
    libc.malloc(ctypes.c_size_t(5000))
    together.wait()
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
with tempfile.NamedTemporaryFile() as file:
    stream = ctypes.c_void_p(libc.fdopen(file.fileno(), b"w"))
    libc.malloc_info(0, stream)
    libc.fflush(stream)
    print(open(file.name).read().count("<heap nr="))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a C library of Linux has these pools")
def test_threads_share_free_memory() -> None:
    if not hasattr(ctypes.CDLL(None), "malloc_info"):
        pytest.skip("this C library has one pool")
    environment = {k: v for k, v in os.environ.items() if k != "MALLOC_ARENA_MAX"}

    def heaps(how: str) -> int:
        done = subprocess.run(
            [sys.executable, "-c", COUNT, how], env=environment, capture_output=True, check=True
        )
        return int(done.stdout)

    assert heaps("shared") <= 2 < heaps("apart")
