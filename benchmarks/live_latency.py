"""How old is a frame of a camera when its result is there? Median and 95th percentile.

    python benchmarks/live_latency.py

A camera on loopback, in a process of its own, shows a real face at 640×480, with the time at which
each picture is made written into it. `Recognizer.watch` over `open_camera` gives results, and the
time of their frame is read back when they are there. So everything between is counted: encoding by
the camera, the network, decoding, the way from the reading process (up to here: *taken*),
detection, tracking and expression. Cameras are MJPEG over HTTP, and RTSP with H.264 where
GStreamer's server is installed (see tests/support/rtsp_server.py), which encodes as fast as it can.
"""

from __future__ import annotations

import argparse
import multiprocessing
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from fractions import Fraction
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from unittest import SkipTest

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.live_soak import portrait
from tests.support.camera_server import faulty_camera
from tests.support.rtsp_server import rtsp_camera
from tests.support.stamps import BITS, stamp, stamp_of

from mien.media.camera.reader import Camera, open_camera
from mien.pipeline import Recognizer
from mien.runtime import processor, usable_cores

WARM = 20
"""Results before the first that counts."""
OLDEST_MS = 10_000
"""Above it the time in the picture was misread, as video coding damages it now and then."""


def serve_mjpeg(rate: float, pipe: Connection) -> None:
    """The camera: sends its address, then serves until it is answered."""
    with faulty_camera(picture=portrait(), rate=rate, stamped=True) as server:
        pipe.send(server.url)
        pipe.recv()


def serve_raw(rate: float, pipe: Connection) -> None:
    """The same, for pictures that are not compressed."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        pipe.send(f"http://127.0.0.1:{server.getsockname()[1]}/")
        Thread(target=_accept, args=(server, rate), daemon=True).start()
        pipe.recv()


def _accept(server: socket.socket, rate: float) -> None:
    while True:
        Thread(target=_send, args=(server.accept()[0], rate), daemon=True).start()


def _send(client: socket.socket, rate: float) -> None:
    due, picture = time.monotonic(), portrait()
    with client, suppress(OSError):  # until the other end hangs up
        client.recv(1 << 16)
        client.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
        while True:
            stamp(picture, time.monotonic_ns() // 1000)
            client.sendall(picture.tobytes())
            due += 1 / rate
            time.sleep(max(0.0, due - time.monotonic()))


@contextmanager
def served(serve: Callable[[float, Connection], None], rate: float) -> Iterator[str]:
    """The address of a camera in another process."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(rate, there))
    process.start()
    try:
        yield here.recv()
    finally:
        here.send(None)
        process.join()


def mjpeg(rate: float) -> AbstractContextManager[str]:
    """The address of a camera that sends JPEG pictures over HTTP."""
    return served(serve_mjpeg, rate)


@contextmanager
def rtsp(rate: float) -> Iterator[str]:
    """The same by RTSP, in H.264. GStreamer's reader of JPEG pictures would hold one back."""
    with served(serve_raw, rate) as url:
        source = (
            f"souphttpsrc location={url} is-live=true do-timestamp=true blocksize=65536 ! "
            f"rawvideoparse width=640 height=480 format=rgb framerate={Fraction(rate)}"
        )
        with rtsp_camera(pictures=source) as (address, _):
            yield address


def age(image: np.ndarray) -> float:
    """Milliseconds since the picture was made."""
    return (time.monotonic_ns() // 1000 - stamp_of(image)) % (1 << BITS) / 1000


def measure(recognizer: Recognizer, camera: Camera, results: int) -> np.ndarray:
    """(n, 2): ages in milliseconds of each frame when it is taken, and with its result."""
    taken, ages = [], []

    def frames() -> Iterator[object]:
        for frame in camera:
            taken.append(age(frame.image))
            yield frame

    for result in recognizer.watch(frames(), camera.name):
        assert len(result) == 1, "the face was not found"
        ages.append((taken[-1], age(result.remembered())))
        if len(ages) == results + WARM:
            break
    kept = np.array(ages[WARM:])
    return kept[kept[:, 1] < OLDEST_MS]


def main() -> None:
    """Print a line for each kind of camera."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=int, default=600)
    parser.add_argument("--rate", type=float, default=15, help="frames a second of the camera")
    args = parser.parse_args()
    recognizer = Recognizer()
    print(f"{processor()}, {usable_cores()} cores; {args.results} results; milliseconds")
    print(f"{'':24}{'taken':>18}{'result':>18}\n{'':24}" + f"{'median':>10}{'95 %':>8}" * 2)
    for name, camera in (("MJPEG over HTTP", mjpeg), ("H.264 over RTSP", rtsp)):
        try:
            with camera(args.rate) as url, open_camera(url, seconds=600) as opened:
                ages = measure(recognizer, opened, args.results)
                cells = "".join(
                    f"{np.median(column):10.1f}{np.percentile(column, 95):8.1f}"
                    for column in ages.T
                )
                print(f"{name:24}{cells}   {len(ages)} read, {opened.dropped} dropped", flush=True)
        except SkipTest as error:
            print(f"{name:24}{error}")


if __name__ == "__main__":
    main()
