"""A short fuzz run, and proof that the run notices every kind of fault."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from mien.errors import InputError, MienError
from tests.fuzz import worker
from tests.fuzz.case import Case
from tests.fuzz.doors import ALL, DOORS, broken
from tests.fuzz.known import KNOWN
from tests.fuzz.run import Plan, run
from tests.fuzz.worker import Task, enter


def test_a_short_run_finds_no_fault(tmp_path: Path) -> None:
    """Everything that once broke Mien, and some new inputs; ``make fuzz`` runs many more.

    Without the doors that import PyTorch or Optuna, which takes longer than all inputs.
    """
    names = [name for name in ALL if DOORS[name].available and name not in ("run", "study")]
    report = run(Plan(names, inputs=160, seed=0, out=tmp_path))
    assert not report.failed, "\n".join(report.faults())
    assert set(report.counts) == set(names)
    known = sum(door in names for door, _ in KNOWN.values())
    assert report.inputs >= known + 140


@pytest.mark.parametrize("door", [name for name in ALL if DOORS[name].available])
def test_good_inputs_are_accepted(door: str, tmp_path: Path) -> None:
    """Else the run would only look at the first lines of each reader."""
    if door == "option":
        pytest.skip("no text is an option of everything")
    for number, case in enumerate(DOORS[door].cases()):
        place = tmp_path / str(number)
        place.mkdir()
        DOORS[door].enter(case.write(place), case)


def test_the_same_seed_gives_the_same_inputs() -> None:
    for door in ("picture", "coco", "recipe", "folder", "option"):
        first, again, other = (list(map(Task(door, seed).case, range(4))) for seed in (7, 7, 8))
        assert first == again != other


def test_an_input_is_saved_and_read_back(tmp_path: Path) -> None:
    case = Case({"a/\udcff.txt": b"1", "../x": b""}, {"p": "fifo"}, zipped=True, option="a=b\0")
    case.save(tmp_path / "case.zip", "coco")
    assert Case.load(tmp_path / "case.zip") == ("coco", case)


def test_every_kind_of_fault_is_noticed(tmp_path: Path) -> None:
    """Errors, exits, crashes and hangs, each with a file that shows it again."""
    inputs, seed = 10, 11
    words = Counter(Task("broken", seed).case(number).option for number in range(inputs))
    assert words.keys() == {"pass", "refuse", "raise", "quit", "hang", "crash"}
    report = run(Plan(["broken"], inputs, seed, jobs=1, limit=0.5, out=tmp_path))
    faults = sum(words[word] for word in ("raise", "quit", "hang", "crash"))
    assert report.counts["broken"] == Counter(
        accepted=words["pass"], refused=words["refuse"], fault=faults
    )
    kinds = {kind.split()[0] for _, kind in report.found}
    assert kinds == {"ValueError", "SystemExit", "hang", "crash"}
    for file in tmp_path.glob("*.zip"):
        assert Case.load(file)[1].option in ("raise", "quit", "hang", "crash")


def test_growth_and_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "GROWTH", 1 << 26)
    peaks = iter([0, 1 << 27, 0, 0])
    monkeypatch.setattr(worker, "_peak", lambda: next(peaks))
    assert enter(broken, Case({}, option="grow")).kind == "memory"
    assert enter(broken, Case({}, option="pass")).result == "accepted"
    monkeypatch.undo()

    def refuse(error: MienError) -> worker.Outcome:
        def door(path: Path, case: Case) -> None:
            raise error

        return enter(door, Case({}))

    class TwoLinesError(MienError):
        def __str__(self) -> str:
            return "two\nlines"

    assert refuse(InputError("one line")).result == "refused"
    assert refuse(TwoLinesError()).kind == "message"
    assert refuse(InputError("")).kind == "message"
