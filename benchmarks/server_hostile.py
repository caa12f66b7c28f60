"""Hostile requests to ``mien serve``: no 500, no crash, no growth of memory or open files.

    python benchmarks/server_hostile.py [--requests 100000]

Random bytes, header games, path tricks, huge fields, broken bodies, WebSockets that are none, and
clients that hang up in the middle, 32 at a time, to a server in a process of its own with a log;
in the second half with an administrator's token.
It ends with status 1 where the server answered 500, died or grew. The seed makes it repeatable.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.server.support.hostile import Outcome, files_and_memory, send_all
from tests.server.support.served import serve_process

from mien.log.opening import create_log
from mien.server.access.tokens import TokenFile

ROUNDS = 10
WARM_UP = 500
SETTLE_S = 12
"""Half-open connections are closed by then."""
MORE_FILES = 20
"""The log's pool of connections opens as many when it is first busy."""
MOST_GROWTH = 1.10
"""Of memory, from the end of the second round to that of the last."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    total, memory, files = Outcome(), [], []
    with tempfile.TemporaryDirectory() as folder:
        create_log(Path(folder) / "log.db").close()
        with serve_process(Path(folder), "--log", "log.db") as server:
            pid = server.process.pid
            asyncio.run(send_all(server.port, WARM_UP, seed=-1))  # opens what stays open
            time.sleep(SETTLE_S)
            first = files_and_memory(pid)
            print(f"start: {first[0]} files, {first[1] / 1e6:.0f} MB")
            token = None
            for turn in range(ROUNDS):
                began = time.monotonic()
                seed = args.seed * ROUNDS + turn
                if turn == ROUNDS // 2:
                    token, _ = TokenFile(server.tokens).create("hostile", "admin")
                count = args.requests // ROUNDS
                outcome = asyncio.run(send_all(server.port, count, seed, token))
                total.statuses += outcome.statuses
                total.own_faults += outcome.own_faults
                rate = args.requests / ROUNDS / (time.monotonic() - began)
                if server.process.poll() is not None:
                    sys.exit(f"the server died: exit status {server.process.returncode}")
                now = files_and_memory(pid)
                memory.append(now[1])
                print(f"round {turn + 1}: {rate:.0f}/s, {now[0]} files, {now[1] / 1e6:.0f} MB")
            time.sleep(SETTLE_S)
            files = [first[0], files_and_memory(pid)[0]]
            status = server.end()
            assert server.process.stderr is not None
            lines = server.process.stderr.read().splitlines()
    print(dict(total.statuses.most_common()))
    growth = memory[-1] / memory[1]
    print(f"memory: {growth:.2f} of that after the second round; files: {files}; end: {status}")
    for line in lines[:20]:
        print("reported:", line)
    for request in total.own_faults[:5]:
        print("500:", request[:300])
    is_well = not total.own_faults and growth < MOST_GROWTH and files[1] <= files[0] + MORE_FILES
    sys.exit(0 if is_well and lines == ["mien: stopped"] and status == 143 else 1)


if __name__ == "__main__":
    main()
