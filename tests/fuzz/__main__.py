"""``python -m tests.fuzz``: the corpus, then mutated files, through the public doors of Mien."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.fuzz.run import JOBS, LIMIT, Plan, run

INPUTS = 100_000


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 no fault, 1 faults, 2 usage."""
    from tests.fuzz.doors import ALL, DOORS

    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=INPUTS, help="mutated inputs (%(default)s)")
    parser.add_argument("--seconds", type=float, help="stop after this time, whatever is left")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same inputs (%(default)s)")
    parser.add_argument("--jobs", type=int, default=JOBS, help="processes (%(default)s)")
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds an input may take")
    parser.add_argument("--doors", help="only these, with commas: " + ", ".join(ALL))
    parser.add_argument(
        "--out", type=Path, default=Path("out/fuzz"), help="folder of failing inputs"
    )
    parser.add_argument("--replay", type=Path, metavar="FILE", help="only this failing input")
    chosen = parser.parse_args(arguments)
    doors = chosen.doors.split(",") if chosen.doors else ALL
    if unknown := set(doors) - DOORS.keys():
        parser.error(f"unknown doors: {', '.join(sorted(unknown))}")
    report = run(
        Plan(
            doors, chosen.inputs, chosen.seed, chosen.jobs, chosen.limit, chosen.seconds,
            chosen.out, chosen.replay, progress=True,
        )
    )  # fmt: skip
    print(report.table())
    for text in report.faults():
        print(text, file=sys.stderr)
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
