"""Finds inputs that end the process which analyses them; all others get their answers.

A worker says which input it begins, so a death points at one: the inputs before it, it alone and
those after it become tasks of their own. Where nothing was said, the inputs are halved. A death may
be an accident, such as a kill for the memory that another program took. So nobody is blamed before
it has ended several new processes in which it was alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from mien.errors import WorkerError
from mien.scale.analysis import blame
from mien.scale.answers import Answers, join
from mien.scale.inputs import Input
from mien.scale.worker import DiedError

CRASHES, KILLS = 2, 3
"""Deaths of an input that is alone until it is blamed: by itself, or by a kill from outside."""
_STARTS = 5
"""Deaths in a row before any input is begun, until the run is given up."""


class Runs(Protocol):
    """What analyses inputs, as ``mien.scale.worker.Worker`` does."""

    def run(self, inputs: Sequence[Input]) -> Answers:
        """The answers. Raises ``DiedError``."""
        ...


def answer_all(worker: Runs, inputs: Sequence[Input]) -> Answers:
    """The answers for ``inputs``, in their order.

    Raises ``WorkerError`` if processes cannot be started, and what ``worker`` raises.
    """
    waiting, done = [list(inputs)], []
    alone: Counter[int] = Counter()
    starts = 0
    while waiting:
        task = waiting.pop()
        try:
            done.append(worker.run(task))
            starts = 0
            continue
        except DiedError as death:
            died = death
        if died.at is None:
            starts += 1
            if starts >= _STARTS:
                raise WorkerError(
                    f"{starts} processes in a row ended before they had begun: each "
                    f"{died.reason}; take fewer workers, or give them more memory"
                )
        else:
            starts = 0
        if len(task) > 1:
            waiting += reversed(split(task, died.at))
            continue
        if died.at is not None:
            alone[task[0].number] += 1
        if alone[task[0].number] < (CRASHES if died.by_itself else KILLS):
            waiting.append(task)
        else:
            empty = _none(worker)
            done.append(replace(empty, inputs=blame(task[0], died.reason)))
    return join(done)


def split(task: list[Input], at: int | None) -> list[list[Input]]:
    """A task whose worker died at ``at``, with that input alone; where that is unknown, halves."""
    if at is None:
        at = len(task) // 2
        return [task[:at], task[at:]]
    return [part for part in (task[:at], task[at : at + 1], task[at + 1 :]) if part]


def _none(worker: Runs) -> Answers:
    """The answers for no input: tables with the right columns."""
    for _ in range(_STARTS):
        try:
            return worker.run([])
        except DiedError as death:
            reason = death.reason
    raise WorkerError(f"processes end before they have begun: each {reason}")
