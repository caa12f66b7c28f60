from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import pytest

pytest.importorskip("pyarrow", reason="needs the 'scale' extra")

from mien.errors import WorkerError
from mien.scale.answers import Answers
from mien.scale.groups import group_of, groups
from mien.scale.inputs import Input
from mien.scale.isolation import CRASHES, KILLS, answer_all, split
from mien.scale.worker import DiedError
from tests.support import corpus


class Flaky:
    """Dies at some inputs: always, or so many times; says where, or does not."""

    def __init__(self, deaths: dict[int, float], *, by_itself: bool = True, silent: bool = False):
        self._deaths, self._by_itself, self._silent = dict(deaths), by_itself, silent
        self.begun: Counter[int] = Counter()

    def run(self, inputs: Sequence[Input]) -> Answers:
        for place, each in enumerate(inputs):
            self.begun[each.number] += 1
            if self._deaths.get(each.number, 0) > 0:
                self._deaths[each.number] -= 1
                at = None if self._silent and len(inputs) > 1 else place
                raise DiedError(at, "died", by_itself=self._by_itself)
        return corpus.answers(list(inputs))


FOR_EVER = float("inf")


@pytest.mark.parametrize("silent", [False, True])
@pytest.mark.parametrize("poisoned", [{0}, {7}, {19}, {3, 4}, set(range(20))])
def test_exactly_the_poisoned_inputs_are_blamed(poisoned: set[int], silent: bool) -> None:
    if silent and len(poisoned) == 20:
        pytest.skip("no process ever begins: that is a WorkerError")
    worker = Flaky(dict.fromkeys(poisoned, FOR_EVER), silent=silent)
    found = answer_all(worker, corpus.inputs(20))
    rows = found.inputs.to_pylist()
    assert [row["input"] for row in rows] == list(range(20))
    assert {row["input"] for row in rows if row["error"]} == poisoned
    assert all(row["error"] in (None, f"{row['source']!r} died") for row in rows)
    assert found.failed == len(poisoned)


@pytest.mark.parametrize(("by_itself", "deaths"), [(True, CRASHES), (False, KILLS)])
def test_accidents_are_nobodys_fault(by_itself: bool, deaths: int) -> None:
    """One death beside others and all but one alone are no proof; one more is."""
    lucky = Flaky({5: deaths}, by_itself=by_itself)
    assert answer_all(lucky, corpus.inputs(9)).failed == 0
    unlucky = Flaky({5: deaths + 1}, by_itself=by_itself)
    assert answer_all(unlucky, corpus.inputs(9)).failed == 1


def test_other_groups_are_done_at_most_twice() -> None:
    worker = Flaky({50: FOR_EVER})
    answer_all(worker, corpus.inputs(100))
    beside = [n for n in range(100) if group_of(n) == group_of(50)]
    assert max(count for number, count in worker.begun.items() if number not in beside) <= 2


@pytest.mark.parametrize("silent", [False, True])
@pytest.mark.parametrize("poisoned", [set(), {5}, {0, 15, 16}, {70, 71}])
def test_accidents_leave_no_trace(poisoned: set[int], silent: bool) -> None:
    """Where answers depend on what is classified together, they are still those of a calm run."""
    for seed in range(20):
        draw = random.Random(seed)
        accidents = {draw.randrange(90): draw.randint(1, KILLS - 1) for _ in range(6)}
        deaths = {**accidents, **dict.fromkeys(poisoned, FOR_EVER)}
        found = answer_all(Flaky(deaths, by_itself=False, silent=silent), corpus.inputs(90))
        rows = found.inputs.to_pylist()
        assert {row["input"] for row in rows if row["error"]} == poisoned
        for row in rows:
            number = row["input"]
            beside = [n for n in range(90) if group_of(n) == group_of(number)]
            expected = [n for n in beside if n not in poisoned]
            assert number in poisoned or row["sha256"] == str(expected)


def test_inputs_that_only_meet_badly_keep_their_answers() -> None:
    class Pair(Flaky):
        def run(self, inputs: Sequence[Input]) -> Answers:
            if {3, 4} <= {each.number for each in inputs}:
                raise DiedError(0, "died", by_itself=True)
            return super().run(inputs)

    found = answer_all(Pair({}), corpus.inputs(20))
    assert found.failed == 0 and found.inputs.column("input").to_pylist() == list(range(20))


def test_processes_that_never_begin_end_the_run() -> None:
    class Dead:
        def run(self, inputs: Sequence[Input]) -> Answers:
            raise DiedError(None, "no memory", by_itself=True)

    with pytest.raises(WorkerError, match=r"5 processes in a row.*no memory"):
        answer_all(Dead(), corpus.inputs(100))
    with pytest.raises(WorkerError, match="no memory"):
        answer_all(Dead(), corpus.inputs(1))


@pytest.mark.parametrize("first", [0, 5])
def test_a_split_loses_nothing_and_divides_no_group(first: int) -> None:
    task = corpus.inputs(70)[first:]
    for at in (None, *range(len(task))):
        parts = split(task, at)
        assert [each for part in parts for each in part] == task
        assert len(parts) > 1 and sum(len(groups(part)) for part in parts) == len(groups(task))
        if at is not None:
            (apart,) = [part for part in parts if task[at] in part]
            assert len(groups(apart)) == 1
    assert split(task[:3], None) == split(task[:3], 1) == [task[:3]]
