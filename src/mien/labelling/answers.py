"""The answers of one rater, in a CSV file that survives a kill at any moment.

The file is only appended to while a rater works: each row is the newest state of a picture, so the
last row of a picture counts. When the file is opened and closed, it is rewritten with one row for
each picture.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import IO, Literal, TypeVar

from mien.datasets.files.lines import bounded_lines
from mien.errors import ConfigError, one_line
from mien.escaping import for_csv
from mien.files import append_whole, check_writable, output_error, try_lock, write_whole
from mien.parsing import is_number
from mien.reading import open_file
from mien.sinks.base import Closing

Kind = Literal["", "labelled", "cannot tell", "not a face"]
KINDS: tuple[Kind, ...] = ("", "labelled", "cannot tell", "not a face")
Shown = Literal["no", "before", "after"]
SHOWN: tuple[Shown, ...] = ("no", "before", "after")
Word = TypeVar("Word", bound=str)
COLUMNS = (
    "path", "label", "rater", "answer", "time_utc", "seconds", "revision",
    "suggestion_shown", "suggestion", "old_label_shown", "old_label",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """The state of one picture."""

    kind: Kind = ""
    """Empty: not answered, or taken back."""
    label: str = ""
    """Only of the kind ``labelled``."""
    time_utc: str = ""
    """ISO 8601."""
    seconds: float = 0.0
    """From the moment when the picture was shown."""
    revision: int = 0
    """How many times it was answered or taken back."""
    suggestion_shown: Shown = "no"
    """Whether the model's suggestion was shown before the answer, or only after it."""
    suggestion: str = ""
    old_label_shown: Shown = "no"
    """The same of the label and the file name that the picture had before."""
    old_label: str = ""

    @property
    def is_worth_keeping(self) -> bool:
        """Whether it says anything."""
        return bool(self.kind) or (self.suggestion_shown, self.old_label_shown) != ("no", "no")


class AnswerFile(Closing):
    """Path → answer of one rater; a ``with`` block holds the file against other processes."""

    def __init__(self, path: Path, rater: str) -> None:
        """Read the answers that there are.

        Raises ``ConfigError`` for a file that holds something else, another rater's answers, or
        that another process works on, and ``OutputError`` where it cannot be written.
        """
        path = Path(os.path.realpath(path))  # a link stays a link when its file is replaced
        self.path, self.rater = path, rater
        self._lock = Lock()
        check_writable(path)
        self.answers: dict[str, Answer] = {}
        """In the order of the last answers."""
        if not path.exists():
            write_whole(path, encode_rows([COLUMNS]))
        with _locked(path) as file:
            for row, answer in read_answers(path):
                if row["rater"] != rater:
                    raise ConfigError(
                        f"{path} holds the answers of {row['rater']!r}, not of {rater!r}: "
                        "give another --rater or --out"
                    )
                self._take(row["path"], answer)
            self._rewrite(file)
        self._file = _locked(path)

    def append(self, path: str, answer: Answer) -> None:
        """Save an answer: it is on the disk when this returns, whole, or not at all.

        Raises ``OutputError``.
        """
        with self._lock:
            try:
                number = self._file.fileno()
                append_whole(number, encode_rows([self._row(path, answer)]))
                os.fsync(number)
            except (OSError, ValueError) as error:  # ValueError: it is closed
                raise output_error(repr(str(self.path)), error) from error
            self._take(path, answer)

    def close(self) -> None:
        """Leave one row for each picture, and let go of the file. Raises ``OutputError``."""
        with self._lock:
            if not self._file.closed:
                with self._file:
                    self._rewrite(self._file)

    def _take(self, path: str, answer: Answer) -> None:
        self.answers.pop(path, None)
        self.answers[path] = answer

    def _rewrite(self, held: IO[bytes]) -> None:
        """Write one row for each picture, while ``held`` locks the file."""
        if os.name == "nt":  # which replaces no open file
            held.close()
        kept = {path: answer for path, answer in self.answers.items() if answer.is_worth_keeping}
        rows = [self._row(path, answer) for path, answer in kept.items()]
        write_whole(self.path, encode_rows([COLUMNS, *rows]))

    def _row(self, path: str, answer: Answer) -> tuple[object, ...]:
        return (
            as_cell(path), answer.label, self.rater, answer.kind, answer.time_utc,
            round(answer.seconds, 2), answer.revision, answer.suggestion_shown,
            answer.suggestion, answer.old_label_shown, for_csv(answer.old_label),
        )  # fmt: skip


def read_answers(path: Path) -> Iterable[tuple[Mapping[str, str], Answer]]:
    """The rows of an answer file, and the answer in each; a torn last line is passed over.

    ``path`` in a row is that of the picture as listed. Raises ``ConfigError`` for another file.
    """
    try:
        with io.TextIOWrapper(open_file(path), encoding="utf-8-sig", newline="") as file:
            lines = (line for line in bounded_lines(file) if line.endswith("\n"))
            reader = csv.DictReader(lines, restval="")
            if not set(COLUMNS) <= set(reader.fieldnames or ()):
                raise ConfigError(_foreign(path))
            for row in reader:
                row["path"] = from_cell(row["path"])
                yield row, _answer(row)
    except (OSError, UnicodeDecodeError, csv.Error, ValueError) as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(_foreign(path, f" ({one_line(error)})")) from None


def as_cell(path: str) -> str:
    """A picture's path for a CSV file: one that looks like a formula begins with ``./``."""
    return path if for_csv(path) == path else f"./{path}"


def from_cell(cell: str) -> str:
    """The path in a cell that ``as_cell`` made."""
    return cell.removeprefix("./")


def encode_rows(rows: Iterable[Iterable[object]]) -> bytes:
    """CSV of rows, UTF-8."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _answer(row: Mapping[str, str]) -> Answer:
    seconds = float(row["seconds"])
    return Answer(
        kind=_one_of(KINDS, row["answer"]),
        label=row["label"],
        time_utc=row["time_utc"],
        seconds=seconds if is_number(seconds) else 0.0,
        revision=int(row["revision"]),
        suggestion_shown=_one_of(SHOWN, row["suggestion_shown"]),
        suggestion=row["suggestion"],
        old_label_shown=_one_of(SHOWN, row["old_label_shown"]),
        old_label=row["old_label"],
    )


def _one_of(known: tuple[Word, ...], word: str) -> Word:
    for each in known:
        if each == word:
            return each
    raise ValueError(f"{word[:40]!r} is not one of {', '.join(filter(None, known))}")


def _foreign(path: Path, why: str = "") -> str:
    return f"{path} is not a file of answers of 'mien data label'{why}: give another"


def _locked(path: Path) -> IO[bytes]:
    """The file, open for appending and locked. Raises ``ConfigError`` where another has it."""
    try:
        file = path.open("ab", buffering=0)
    except OSError as error:
        raise output_error(repr(str(path)), error) from error
    if not try_lock(file, path):
        file.close()
        raise ConfigError(
            f"another process is labelling into {path}: use its page, or give another --rater"
        )
    return file
