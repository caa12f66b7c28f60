"""What do thousands of live connections cost a server?

    python benchmarks/live_connections.py

A real `mien serve` lets 32 clients stream. Several times over, 2,000 clients ask for a live stream
at once; those that are let in send frames until all others were answered, and the rest must be told
to try again (1013). Printed for each round: how many were let in and refused, how many frames came
back, whether a picture could still be analysed meanwhile, and the memory and open files of the
server after the round, as a ratio of those after the first.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from pathlib import Path

import httpx
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.server.support.served import ServedProcess, serve_process
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from mien.samples import ASTRONAUT

AT_ONCE = 100
"""Clients that knock at the same time."""


async def stream(
    address: str, frame: bytes, over: asyncio.Event, seen: Counter[str], turn: asyncio.Semaphore
) -> None:
    """One client: let in, it sends frames until ``over``."""
    try:
        async with turn:
            socket = await connect(address, open_timeout=120, compression=None)
        async with socket:
            await socket.recv()
            seen["let in"] += 1
            while not over.is_set():
                await socket.send(frame)
                await asyncio.wait_for(socket.recv(), 120)
                seen["frames"] += 1
    except ConnectionClosed as error:
        seen[f"refused {error.rcvd.code}" if error.rcvd else "cut off"] += 1
    except (OSError, InvalidHandshake, TimeoutError) as error:
        seen[type(error).__name__] += 1


async def round_of(served: ServedProcess, clients: int, frame: bytes) -> Counter[str]:
    """``clients`` at once; what became of them."""
    seen: Counter[str] = Counter()
    over = asyncio.Event()
    address = f"{served.url.replace('http', 'ws')}/v1/live"
    turn = asyncio.Semaphore(AT_ONCE)
    tasks = [asyncio.create_task(stream(address, frame, over, seen, turn)) for _ in range(clients)]
    async with httpx.AsyncClient(base_url=served.url, timeout=120) as client:
        kind = {"Content-Type": "image/jpeg"}
        answer = await client.post("/v1/analyze", content=frame, headers=kind)
        seen["pictures meanwhile"] += answer.status_code == 200
    while sum(not task.done() for task in tasks) > seen["let in"]:
        await asyncio.sleep(0.1)
    over.set()
    await asyncio.gather(*tasks)
    return seen


def main() -> None:
    """Print a line a round."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--clients", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    frame = ASTRONAUT.read_bytes()
    with tempfile.TemporaryDirectory() as folder, serve_process(Path(folder)) as served:
        process = psutil.Process(served.process.pid)
        first: tuple[int, int] | None = None
        for number in range(1, given.rounds + 1):
            seen = asyncio.run(round_of(served, given.clients, frame))
            now = process.memory_info().rss, process.num_fds()
            first = first or now
            counts = ", ".join(f"{name} {count:,}" for name, count in sorted(seen.items()))
            print(f"round {number}: {counts}; memory {now[0] / first[0]:.3f}, "
                  f"open files {now[1] / first[1]:.2f} ({now[0] / 2**20:.0f} MiB)")  # fmt: skip


if __name__ == "__main__":
    main()
