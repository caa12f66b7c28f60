"""A year of several persons in a log: insert rate, size of the file, and how long trends take.

    python benchmarks/log_size.py --persons 2 --rows 2000000
    python benchmarks/log_size.py --persons 20 --rows 20000000

Rows are those that ``mien log record`` writes, one a person and 10 seconds, until there are
``--rows`` of them over ``--persons`` and 365 days. Day values are those of the simulation
(``mien.monitor.simulation.series``): autocorrelation, a weekly rhythm, gaps and wild days. They are
written through ``mien.log.store``, a day of a person at a time, hourly means included.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from mien.log.opening import create_log, open_log
from mien.log.persons import add_person, give_consent
from mien.log.sessions import Setup, Source, begin_session
from mien.log.store import add_rows, observation_row
from mien.log.times import DAY_MS, HOUR_MS, Zone
from mien.log.windows import Observation
from mien.monitor.from_log import person_days
from mien.monitor.rules.reading import load_rules
from mien.monitor.simulation.series import World, draw
from mien.monitor.trends import trends_of

DAYS = 365


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--persons", type=int, default=20, choices=range(2, 1001), metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.db"
        rows, seconds, busy = write(path, arguments.persons, arguments.rows, arguments.seed)
        size = path.stat().st_size
        print(f"{rows:,} rows in {seconds:.0f} s: {rows / seconds:,.0f} a second")
        print(f"{busy:.0f} s of a processor: {rows / busy:,.0f} rows for each")
        print(f"{size / 1e6:,.0f} MB, {size / rows:.0f} bytes a row")
        measure(path)


def write(path: Path, persons: int, wanted: int, seed: int) -> tuple[int, float, float]:
    """Fill a new log; the rows, and the seconds that inserting took: passed, and of a processor."""
    random = np.random.default_rng(seed)
    day_values = np.clip(0.15 + 0.04 * draw(World(), persons, DAYS, random), 0.0, 1.0)
    windows = max(1, round(wanted / np.count_nonzero(~np.isnan(day_values))))
    every = max(10_000, 14 * HOUR_MS // windows // 10_000 * 10_000)  # spread from 7:00 to 21:00
    first = datetime.now(UTC).replace(hour=7, minute=0, second=0, microsecond=0)
    start = int((first - timedelta(DAYS)).timestamp() * 1000)
    zone, count, spent, busy = Zone("UTC"), 0, 0.0, 0.0
    with create_log(path, keep_days={"observations": None}) as log:
        numbers = []
        for n in range(persons):
            add_person(log, f"p{n}")
            give_consent(log, f"p{n}", "nobody", "a benchmark")
            with log.write() as connection:
                source = Source("import", f"p{n}")
                numbers.append(
                    begin_session(connection, source, Setup("room"), {f"p{n}": None}, start, zone)
                )
        for day in range(DAYS):
            for session, smiling in zip(numbers, day_values[:, day], strict=True):
                if np.isnan(smiling):
                    continue
                (person,) = session.persons
                shares = np.clip(random.normal(smiling, 0.2, windows), 0, 1).tolist()
                begin = start + day * DAY_MS
                usual = observation_row(person, session.id, _observation(begin, 0.5), 0)
                made = [
                    {**usual, "start_ms": begin + at * every, **_values(share)}
                    for at, share in enumerate(shares)
                ]
                before, before_busy = time.perf_counter(), time.process_time()
                with log.write() as connection:
                    add_rows(connection, made)
                spent += time.perf_counter() - before
                busy += time.process_time() - before_busy
                count += len(made)
    return count, spent, busy


OTHERS = ("anger", "contempt", "disgust", "fear", "neutral", "sadness", "surprise")


def _observation(start_ms: int, smiling: float) -> Observation:
    probs = dict.fromkeys(OTHERS, (1 - smiling) / 7)
    return Observation(
        start_ms, 10.0, 9.3, 8.7, {"happiness": smiling, **probs}, smiling=smiling,
        expressivity=0.1 * smiling, changes=2, size=123.4, light=0.43, yaw=-12.3, roll=2.1,
        others=0.2,
    )  # fmt: skip


def _values(smiling: float) -> dict[str, float]:
    """What differs from row to row."""
    rest = dict.fromkeys(OTHERS, (1 - smiling) / 7)
    return {"happiness": smiling, "smiling": smiling, "expressivity": 0.1 * smiling, **rest}


def measure(path: Path) -> None:
    """Print how long the trends of one person take, from opening the log on."""
    rules = load_rules()
    for _ in range(3):
        before = time.perf_counter()
        with open_log(path) as log:
            days = person_days(log, "p1")
        read = time.perf_counter() - before
        found = trends_of("p1", days, rules)
        whole = time.perf_counter() - before
        print(
            f"trends of one person, {len(days.day)} days, {len(found.measures)} measures: "
            f"{whole:.2f} s, of which {read:.2f} s reading"
        )


if __name__ == "__main__":
    main()
