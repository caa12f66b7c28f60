"""Finds inputs that end the process which analyses them; all others get their answers.

A worker says which input it begins, so a death points at a group of inputs: those before it, it and
those after it become tasks of their own. Where nothing was said, the task is halved. In the group,
each input is tried alone. A death may be an accident, such as a kill for the memory that another
program took. So no input is blamed before it has ended several new processes in which it was alone.
The rest of its group is then analysed together, so that accidents leave no trace in the answers.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, pairwise
from typing import Protocol

from mien.errors import WorkerError
from mien.scale.analysis import blame
from mien.scale.answers import Answers, join
from mien.scale.groups import groups
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
    """The answers for ``inputs``, whose groups are whole, in their order.

    Raises ``WorkerError`` if processes cannot be started, and what ``worker`` raises.
    """
    search = _Search(worker)
    waiting, done = [list(inputs)], []
    while waiting:
        task = waiting.pop()
        found = search.attempt(task)
        if isinstance(found, Answers):
            done.append(found)
        elif len(parts := split(task, found.at)) > 1:
            waiting += reversed(parts)
        else:
            done.append(search.group(task))
    return join(done)


def split(task: list[Input], at: int | None) -> list[list[Input]]:
    """A task whose worker died at ``at``, with the group of that input apart; else, halves.

    A task of one group is not divided.
    """
    all_groups = groups(task)
    ends = [0, *accumulate(map(len, all_groups))]
    if at is None:
        cuts = [ends[len(all_groups) // 2]]
    else:
        place = bisect_right(ends, at) - 1
        cuts = ends[place : place + 2]
    parts = [task[start:stop] for start, stop in pairwise([0, *cuts, len(task)])]
    return [part for part in parts if part]


class _Search:
    def __init__(self, worker: Runs) -> None:
        self._worker = worker
        self._starts = 0  # deaths in a row before any input was begun

    def attempt(self, task: list[Input]) -> Answers | DiedError:
        """The answers, or the death of the process; ``WorkerError`` where none gets to work."""
        try:
            found = self._worker.run(task)
        except DiedError as death:
            self._starts = self._starts + 1 if death.at is None else 0
            if self._starts >= _STARTS:
                raise WorkerError(
                    f"{self._starts} processes in a row ended before they had begun: each "
                    f"{death.reason}; take fewer workers, or give them more memory"
                ) from None
            return death
        self._starts = 0
        return found

    def group(self, members: list[Input]) -> Answers:
        """The answers for a group in which a process died."""
        alone = [self._one(each) for each in members]
        blamed = [found for found, is_blamed in alone if is_blamed]
        rest = [each for each, (_, is_blamed) in zip(members, alone, strict=True) if not is_blamed]
        if len(rest) > 1:
            for _ in range(KILLS):
                found = self.attempt(rest)
                if isinstance(found, Answers):
                    return join([found, *blamed])
        return join([found for found, _ in alone])  # they end each process in which they meet

    def _one(self, wanted: Input) -> tuple[Answers, bool]:
        """The answers for an input alone, and whether it is blamed."""
        deaths = 0
        while True:
            found = self.attempt([wanted])
            if isinstance(found, Answers):
                return found, False
            deaths += found.at is not None
            if deaths >= (CRASHES if found.by_itself else KILLS):
                return replace(self._none(), inputs=blame(wanted, found.reason)), True

    def _none(self) -> Answers:
        """The answers for no input: tables with the right columns."""
        while not isinstance(found := self.attempt([]), Answers):
            pass
        return found
