from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from mien.errors import ConfigError, OutputError
from mien.labelling.answers import COLUMNS, Answer, AnswerFile, read_answers

HAPPY = Answer(kind="labelled", label="happiness", time_utc="2026-01-01T00:00:00+00:00",
               seconds=1.5, revision=1)  # fmt: skip
SKIPPED = Answer(kind="cannot tell", revision=2, suggestion_shown="before", suggestion="fear",
                 old_label_shown="after", old_label="sadness")  # fmt: skip


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_answers_come_back_and_the_last_one_counts(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with AnswerFile(path, "anna") as answers:
        answers.append('b, "c" ü.png', HAPPY)
        answers.append("a.png", HAPPY)
        answers.append('b, "c" ü.png', SKIPPED)
        assert len(rows(path)) == 3  # on the disk before it is closed
    assert [row["path"] for row in rows(path)] == ["a.png", 'b, "c" ü.png']
    assert tuple(rows(path)[0]) == COLUMNS
    with AnswerFile(path, "anna") as answers:
        assert answers.answers == {"a.png": HAPPY, 'b, "c" ü.png': SKIPPED}


def test_what_was_taken_back_leaves_no_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with AnswerFile(path, "anna") as answers:
        answers.append("a.png", HAPPY)
        answers.append("a.png", Answer(revision=2))
        answers.append("b.png", Answer(suggestion_shown="before", suggestion="fear"))
    assert [(row["path"], row["label"], row["suggestion_shown"]) for row in rows(path)] == [
        ("b.png", "", "before")
    ]


def test_no_spreadsheet_runs_a_path(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with AnswerFile(path, "anna") as answers:
        answers.append("=1+1.png", HAPPY)
    assert rows(path)[0]["path"] == "./=1+1.png"
    with AnswerFile(path, "anna") as answers:
        assert list(answers.answers) == ["=1+1.png"]


def test_a_torn_last_line_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with AnswerFile(path, "anna") as answers:
        answers.append("a.png", HAPPY)
        answers.append("b.png", HAPPY)
    whole = path.read_bytes()
    for cut in range(1, len(whole.splitlines(keepends=True)[-1]), 6):
        path.write_bytes(whole[:-cut])
        with AnswerFile(path, "anna") as answers:
            assert list(answers.answers) == ["a.png"]
            answers.append("c.png", HAPPY)
        assert [row["path"] for row in rows(path)] == ["a.png", "c.png"]


@pytest.mark.parametrize(
    "content", [b"", b"path,label\na,b\n", b"\x89PNG\0", b"\xff\xfe\n", ",".join(COLUMNS).encode(),
                f"{','.join(COLUMNS)}\na,happiness,anna,what,,0,0,no,,no,\n".encode(),
                f"{','.join(COLUMNS)}\na,happiness,anna,labelled,,many,0,no,,no,\n".encode(),
                f"{','.join(COLUMNS)}\na,happiness,anna\n".encode()]
)  # fmt: skip
def test_a_file_of_something_else_stays_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="not a file of answers"):
        AnswerFile(path, "anna")
    assert path.read_bytes() == content


def test_another_raters_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with AnswerFile(path, "anna") as answers:
        answers.append("a.png", HAPPY)
    with pytest.raises(ConfigError, match="answers of 'anna', not of 'ben'"):
        AnswerFile(path, "ben")


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no folder"):
        AnswerFile(tmp_path / "none" / "a.csv", "anna")
    with pytest.raises(OutputError):
        AnswerFile(tmp_path, "anna")


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "else").mkdir()
    (tmp_path / "a.csv").symlink_to(tmp_path / "else" / "b.csv")
    with AnswerFile(tmp_path / "a.csv", "anna") as answers:
        answers.append("a.png", HAPPY)
    assert (tmp_path / "a.csv").is_symlink()
    assert len(rows(tmp_path / "else" / "b.csv")) == 1


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    code = f"""
from pathlib import Path
from mien.labelling.answers import AnswerFile
AnswerFile(Path({str(path)!r}), "anna")
"""
    with AnswerFile(path, "anna"):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
        )
        assert "another process is labelling" in done.stderr, done.stderr
        with pytest.raises(ConfigError, match="another process is labelling"):
            AnswerFile(path, "anna")
    AnswerFile(path, "anna").close()


def test_what_was_saved_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    code = f"""
from pathlib import Path
from mien.labelling.answers import AnswerFile, Answer
answers = AnswerFile(Path({str(path)!r}), "anna")
for number in range(10**6):
    answers.append(f"{{number % 50}}.png", Answer("labelled", "happiness", revision=number))
    print(number, flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        saved = -1
        while saved < 120:
            saved = int(child.stdout.readline())
        os.kill(child.pid, signal.SIGKILL)
        saved = int([saved, *child.stdout.read().split()][-1])
    with AnswerFile(path, "anna") as answers:
        newest = max(answer.revision for answer in answers.answers.values())
        assert len(answers.answers) == 50 and saved <= newest <= saved + 1
    assert len(rows(path)) == 50


def test_a_full_disk_tears_no_line_and_loses_nothing(
    tmp_path: Path, full_disk: Callable[[int], AbstractContextManager[None]]
) -> None:
    path = tmp_path / "a.csv"
    with AnswerFile(path, "anna") as answers:
        answers.append("a.png", HAPPY)
        before = path.read_bytes()
        with full_disk(len(before) + 10), pytest.raises(OutputError, match="cannot write"):
            answers.append("b.png", HAPPY)
        assert path.read_bytes() == before and list(answers.answers) == ["a.png"]
        answers.append("b.png", HAPPY)
        saved = path.read_bytes()
        with full_disk(10), pytest.raises(OutputError):
            answers.close()
    assert path.read_bytes() == saved
    assert [row["path"] for row, _ in read_answers(path)] == ["a.png", "b.png"]


def test_a_closed_file_takes_no_answer(tmp_path: Path) -> None:
    answers = AnswerFile(tmp_path / "a.csv", "anna")
    answers.close()
    answers.close()
    with pytest.raises(OutputError):
        answers.append("a.png", HAPPY)
    assert not rows(tmp_path / "a.csv")
