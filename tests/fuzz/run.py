"""Hands inputs to workers, kills those that hang, and counts what became of every input."""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from tests.fuzz.case import Case
from tests.fuzz.worker import Outcome, Task, serve

CORPUS = Path(__file__).with_name("corpus")
JOBS = 2
LIMIT = 60.0
"""Seconds after which an input counts as a hang; a loaded machine may be slow."""
BATCH = 50  # inputs that a worker is given at once
MOST_HELD = 3 << 30
"""Bytes that a worker may hold after any number of inputs."""
KEPT = 3  # failing inputs that are written of each kind of fault


@dataclass(frozen=True)
class Plan:
    """What to run."""

    doors: Sequence[str]
    inputs: int
    seed: int = 0
    jobs: int = JOBS
    limit: float = LIMIT
    seconds: float | None = None
    out: Path = Path("out/fuzz")
    replay: Path | None = None
    progress: bool = False
    """Whether to print the number of inputs so far, on standard error, every half minute."""

    def tasks(self) -> Iterator[Task]:
        """The inputs that once broke Mien, then new ones of all doors in turn."""
        from tests.fuzz.doors import DOORS
        from tests.fuzz.known import KNOWN

        available = {name for name in self.doors if DOORS[name].available}
        if self.replay:
            yield Task(Case.load(self.replay)[0], file=self.replay)
            return
        for name, (door, _) in KNOWN.items():
            if door in available:
                yield Task(door, known=name)
        for file in sorted(CORPUS.glob("*.zip")):
            if (door := Case.load(file)[0]) in available:
                yield Task(door, file=file)
        weight = {name: DOORS[name].weight or 1 for name in self.doors if name in available}
        whole = sum(weight.values())
        left = {name: round(self.inputs * part / whole) for name, part in weight.items()}
        start = dict.fromkeys(left, 0)
        while any(left.values()):
            for name in left:
                if count := min(BATCH, left[name]):
                    yield Task(name, self.seed, start[name], count)
                    left[name], start[name] = left[name] - count, start[name] + count


@dataclass
class Report:
    """Counts by door, and the faults by kind."""

    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    found: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    held: list[int] = field(default_factory=lambda: [0])
    seconds: float = 0

    @property
    def failed(self) -> bool:
        """Whether any input found a fault."""
        return bool(self.found)

    @property
    def inputs(self) -> int:
        return sum(counter.total() for counter in self.counts.values())

    def table(self) -> str:
        """A table in Markdown, with a row for each door."""
        columns = ("accepted", "refused", "fault")
        lines = ["| door | inputs | accepted | refused | faults |", "|---|--:|--:|--:|--:|"]
        whole: Counter[str] = sum(self.counts.values(), Counter())
        for name, counter in [*self.counts.items(), ("all", whole)]:
            cells = [counter.total(), *(counter[column] for column in columns)]
            lines.append(f"| {name} | " + " | ".join(f"{cell:,}" for cell in cells) + " |")
        lines.append("")
        lines.append(
            f"{self.inputs:,} inputs in {self.seconds / 60:.1f} minutes; a worker held at most "
            f"{max(self.held) >> 20:,} MiB between two inputs."
        )
        return "\n".join(lines)

    def faults(self) -> Iterator[str]:
        """Each kind of fault with how often it came and how to see it again."""
        for (door, kind), details in self.found.items():
            yield f"\n{door}: {kind}, {len(details)} times\n{details[0]}"


class Worker:
    """A process, the task that it works on, and when its input began."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()
        self.task: Task | None = None
        self.number = 0
        self.began = 0.0
        self.started = False
        """Whether it has begun any input: importing everything takes a while."""

    def give(self, task: Task | None) -> None:
        self.task, self.number, self.began = task, task.start if task else 0, time.monotonic()
        self.pipe.send(task)

    def end(self) -> None:
        if self.process.is_alive():
            self.process.kill()
        self.process.join()
        self.pipe.close()


def run(plan: Plan) -> Report:
    """Run everything, and write failing inputs to the folder ``plan.out``."""
    report, tasks, began = Report(), plan.tasks(), time.monotonic()
    said = began
    workers: list[Worker] = []
    again: list[Task] = []
    try:
        while True:
            over = plan.seconds is not None and time.monotonic() - began > plan.seconds
            for worker in [w for w in workers if w.task is None]:
                if task := _next(again, tasks, over):
                    worker.give(task)
                else:
                    workers.remove(worker)
                    worker.end()
            while len(workers) < plan.jobs and (task := _next(again, tasks, over)):
                workers.append(Worker())
                workers[-1].give(task)
            if not workers:
                break
            if plan.progress and time.monotonic() - said > 30:
                said = time.monotonic()
                print(f"{report.inputs:,} inputs, {len(report.found)} faults", file=sys.stderr)
            wait([worker.pipe for worker in workers], timeout=0.5)
            for worker in list(workers):
                if rest := _listen(worker, plan, report):
                    workers.remove(worker)
                    again += [rest] if rest.count > 0 else []
    finally:
        for worker in workers:
            worker.end()
    report.seconds = time.monotonic() - began
    return report


def _next(again: list[Task], tasks: Iterator[Task], over: bool) -> Task | None:
    if over:
        return None
    return again.pop() if again else next(tasks, None)


def _listen(worker: Worker, plan: Plan, report: Report) -> Task | None:
    """Take in what a worker says. Of one that died or hangs, the rest of its task."""
    try:
        while worker.pipe.poll():
            message: Any = worker.pipe.recv()
            if isinstance(message, Outcome):
                _count(worker, message, plan, report)
            elif message[0] == "begins":
                worker.number, worker.began, worker.started = message[1], time.monotonic(), True
            else:
                worker.task = None
                return None
    except (EOFError, OSError):
        worker.process.join()
        detail = f"the process ended with {worker.process.exitcode}"
        return _lost(worker, Outcome("fault", "crash", detail), plan, report)
    limit = plan.limit if worker.started else plan.limit + 120
    if time.monotonic() - worker.began > limit:
        return _lost(worker, Outcome("fault", "hang", f"over {plan.limit:.0f} s"), plan, report)
    return None


def _lost(worker: Worker, outcome: Outcome, plan: Plan, report: Report) -> Task:
    _count(worker, outcome, plan, report)
    worker.end()
    task = worker.task
    assert task is not None
    done = worker.number + 1 - task.start
    return Task(task.door, task.seed, worker.number + 1, 0 if task.single else task.count - done)


def _count(worker: Worker, outcome: Outcome, plan: Plan, report: Report) -> None:
    task = worker.task
    assert task is not None
    report.counts[task.door][outcome.result] += 1
    report.held.append(max(report.held.pop(), outcome.memory))
    if outcome.memory > MOST_HELD and outcome.result != "fault":
        outcome = Outcome("fault", "growth", f"the worker holds {outcome.memory >> 20} MiB")
    if outcome.result != "fault":
        return
    details = report.found[task.door, outcome.kind]
    place = f"{task.door}-{task.known or task.seed}-{worker.number}.zip".replace(" ", "_")
    name = task.file or plan.out / place
    if task.file is None and len(details) < KEPT:
        plan.out.mkdir(parents=True, exist_ok=True)
        one = Task(task.door, task.seed, worker.number, 1, known=task.known)
        try:
            one.case(worker.number).save(Path(name), task.door)
        except Exception as error:  # noqa: BLE001 - the worker died of it: a mistake in a generator
            outcome = replace(outcome, detail=f"{outcome.detail}\nit cannot be made: {error!r}")
    details.append(f"{outcome.detail}\nsee it again: make fuzz ARGS='--replay {name}'")
