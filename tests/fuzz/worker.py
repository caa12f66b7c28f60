"""A process that enters inputs and says what became of each; the parent watches over it."""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random

from tests.fuzz.case import Case

MEMORY = Path("/dev/shm")
ADDRESSES = 24 << 30
"""Bytes of address space of a worker, so that no input can take the machine down."""
GROWTH = 1 << 30
"""Bytes that one input may add to the most memory that a worker has held."""
LONGEST = 4000
"""Characters of the longest message."""


@dataclass(frozen=True)
class Task:
    """Which inputs: of a door, by numbers that follow from the seed; a known one; a saved file."""

    door: str
    seed: int = 0
    start: int = 0
    count: int = 0
    file: Path | None = None
    known: str = ""

    @property
    def single(self) -> bool:
        """Whether it is one input that can be made without a generator."""
        return self.file is not None or self.known != ""

    @property
    def numbers(self) -> range:
        """Of its inputs."""
        return range(1) if self.single else range(self.start, self.start + self.count)

    def case(self, number: int) -> Case:
        """The input of a number; the same for the same task."""
        from tests.fuzz.doors import DOORS
        from tests.fuzz.known import KNOWN

        if self.known:
            return KNOWN[self.known][1]()
        if self.file:
            return Case.load(self.file)[1]
        return DOORS[self.door].input(Random(f"{self.seed}:{self.door}:{number}"))


@dataclass(frozen=True)
class Outcome:
    """What became of an input."""

    result: str
    """``accepted``, ``refused`` or ``fault``."""
    kind: str = ""
    """Of a fault: the error and the line that raised it, equal for equal faults."""
    detail: str = ""
    memory: int = 0
    """Bytes that the worker holds now."""


def serve(pipe: Connection) -> None:
    """Answer each ``Task`` with a ("begins", number) and an ``Outcome`` for every input."""
    os.environ["MIEN_MAX_PIXELS"] = "4000000"  # decoding larger ones would only take time
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)  # what libraries print about damaged files
    os.dup2(null, 1)
    from tests.fuzz.doors import DOORS

    while task := pipe.recv():
        for number in task.numbers:
            pipe.send(("begins", number))
            pipe.send(enter(DOORS[task.door].enter, task.case(number)))
        pipe.send(("ends", task))


def enter(door: object, case: Case) -> Outcome:
    """Enter one input; every error becomes an ``Outcome``."""
    from mien.errors import MienError

    before = _peak()
    place = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=place, ignore_cleanup_errors=True) as folder:
        try:
            door(case.write(Path(folder)), case)  # type: ignore[operator]
            outcome = Outcome("accepted", memory=_held())
        except MienError as error:
            outcome = _message(str(error), folder)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - that is what is looked for
            outcome = Outcome("fault", _kind(error), traceback.format_exc(), _held())
    grown = _peak() - before
    if outcome.result != "fault" and grown > GROWTH:
        return Outcome("fault", "memory", f"one input took {grown >> 20} MiB more", _held())
    return outcome


def _message(text: str, folder: str) -> Outcome:
    """A refusal is one line that a person can read."""
    if "\n" in text or len(text) > LONGEST or not text.strip():
        return Outcome("fault", "message", f"{len(text)} characters: {text[:3000]!r}", _held())
    return Outcome("refused", memory=_held())


def _kind(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "/mien/" in frame.filename] or frames
    place = f"{own[-1].filename.rpartition('/mien/')[2]}:{own[-1].lineno}" if own else "?"
    return f"{type(error).__name__} in {place}"


def _peak() -> int:
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale


def _held() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return _peak()
    return pages * os.sysconf("SC_PAGE_SIZE")
