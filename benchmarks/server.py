"""Requests a second and latencies of ``mien serve``, as ratios to one ``Recognizer`` in a loop.

    python benchmarks/server.py [--seconds 10] [--picture FILE] [--soak MINUTES]

The server is a process of its own; 1, 8 and 64 clients on loopback each send the picture again as
soon as it is answered. They read and write their sockets themselves: with 64 requests at a time
httpx keeps some waiting for seconds after the server has answered them. The ratio is that of
pictures a second to those of the loop, which runs alone before and after. With ``--soak`` 64
clients go on for that many minutes, and memory is printed each minute: it ends with status 1 where
it grew by more than a tenth after the first one.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from tests.server.support.hostile import files_and_memory
from tests.server.support.served import serve_process

from mien.pipeline import Recognizer
from mien.samples import ASTRONAUT

CLIENTS = (1, 8, 64)
MOST_GROWTH = 1.10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--picture", type=Path, default=ASTRONAUT)
    parser.add_argument("--soak", type=float, default=0)
    args = parser.parse_args()
    data = args.picture.read_bytes()
    recognizer = Recognizer(threads=1)
    with tempfile.TemporaryDirectory() as folder, serve_process(Path(folder)) as server:
        before = loop(recognizer, data, args.seconds)
        print("| clients | requests/s | of the loop | p50 ms | p95 ms | p99 ms | not 200 |")
        print("|---|---|---|---|---|---|---|")
        rows = [asyncio.run(load(server.url, data, count, args.seconds)) for count in CLIENTS]
        alone = (before + loop(recognizer, data, args.seconds)) / 2
        for count, (times, failed) in zip(CLIENTS, rows, strict=True):
            rate = len(times) / args.seconds
            tail = " | ".join(f"{1000 * np.quantile(times, q):.0f}" for q in (0.5, 0.95, 0.99))
            print(f"| {count} | {rate:.1f} | {rate / alone:.2f} | {tail} | {failed} |")
        print(f"a Recognizer in a loop: {alone:.1f} pictures/s")
        if args.soak:
            sys.exit(soak(server.url, server.process.pid, data, args.soak))


def loop(recognizer: Recognizer, data: bytes, seconds: float) -> float:
    """Pictures a second."""
    recognizer.image(data)
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        recognizer.image(data)
        count += 1
    return count / (time.perf_counter() - began)


async def load(url: str, data: bytes, clients: int, seconds: float) -> tuple[list[float], int]:
    """Seconds of each answered request, and how many were refused."""
    times: list[float] = []
    failed = 0
    address = urlsplit(url)
    head = (
        f"POST /v1/analyze HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: image/jpeg\r\n"
        f"Content-Length: {len(data)}\r\n\r\n"
    )
    request = head.encode() + data
    end = time.perf_counter() + seconds

    async def one() -> None:
        nonlocal failed
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        while (began := time.perf_counter()) < end:
            writer.write(request)
            status, headers = await read_answer(reader)
            if status == 200:
                times.append(time.perf_counter() - began)
            else:
                failed += 1
                await asyncio.sleep(float(headers.get("retry-after", 1)))
        writer.close()

    await asyncio.gather(*(one() for _ in range(clients)))
    return times or [float("nan")], failed


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    """Status and headers of an answer, whose body is read."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    await reader.readexactly(int(headers["content-length"]))
    return int(first.split()[1]), headers


def soak(url: str, pid: int, data: bytes, minutes: float) -> int:
    """1 if memory or files grew."""
    first = None
    for minute in range(1, max(2, round(minutes)) + 1):
        times, failed = asyncio.run(load(url, data, CLIENTS[-1], 60))
        files, memory = files_and_memory(pid)
        print(f"minute {minute}: {len(times)} answers, {failed} refused, "
              f"{memory / 1e6:.0f} MB, {files} files", flush=True)  # fmt: skip
        first = first or memory
    return int(memory > MOST_GROWTH * first)


if __name__ == "__main__":
    main()
