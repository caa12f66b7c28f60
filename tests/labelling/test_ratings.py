from __future__ import annotations

from pathlib import Path

import pytest

from mien.errors import ConfigError
from mien.labelling.answers import Answer, AnswerFile, Kind
from mien.labelling.ratings import (
    answer_path,
    find_answer_files,
    measure_agreement,
    read_ratings,
)

LETTERS = {"h": "happiness", "a": "anger", "p": "pain"}


def write(folder: Path, rater: str, answers: str, **facts: object) -> Path:
    """One letter for each picture: that of a label, ``?``, ``x`` or ``.`` for no answer."""
    path = answer_path(folder, rater)
    with AnswerFile(path, rater) as file:
        for number, letter in enumerate(answers):
            if letter != ".":
                kind: Kind = {"?": "cannot tell", "x": "not a face"}.get(letter, "labelled")  # type: ignore[assignment]
                answer = Answer(kind=kind, label=LETTERS.get(letter, ""), revision=1, **facts)  # type: ignore[arg-type]
                file.append(f"{number}.png", answer)
    return path


def test_two_raters(tmp_path: Path) -> None:
    write(tmp_path, "anna", "hhaapp?h", seconds=2.0)
    write(tmp_path, "ben", "hhaaph.x", suggestion_shown="before")
    read = read_ratings(find_answer_files(tmp_path))
    assert (read.raters, read.labels) == (("anna", "ben"), ("happiness", "anger", "pain"))
    found = measure_agreement(read)
    (pair,) = found.pairs
    assert (pair.pictures, pair.agreement) == (6, 5 / 6)
    # by hand: margins 2 2 2 and 3 2 1 of 6, so chance is (6 + 4 + 2) / 36
    assert pair.kappa == pytest.approx((5 / 6 - 1 / 3) / (1 - 1 / 3))
    assert found.confusion == ((2, 0, 0), (0, 2, 0), (1, 0, 1))
    assert (found.pictures, found.rated_twice, found.unanimous) == (8, 6, 5)
    assert not found.complete and found.fleiss_kappa is not None
    anna, ben = found.raters
    assert (anna.labelled, anna.cannot_tell, anna.not_a_face) == (7, 1, 0)
    assert (anna.median_seconds, anna.suggestion_seen) == (2.0, 0)
    assert (ben.labelled, ben.not_a_face, ben.suggestion_seen) == (6, 1, 7)


def test_three_raters_are_pooled(tmp_path: Path) -> None:
    for rater, answers in (("a", "hha"), ("b", "hah"), ("c", "hha")):
        write(tmp_path, rater, answers)
    found = measure_agreement(read_ratings(find_answer_files(tmp_path)))
    assert [(pair.first, pair.second) for pair in found.pairs] == [
        ("a", "b"), ("a", "c"), ("b", "c")
    ]  # fmt: skip
    assert found.complete
    assert sum(map(sum, found.confusion)) == 2 * 3 * 3
    assert found.confusion == tuple(zip(*found.confusion, strict=True))


def test_answers_taken_back_do_not_count(tmp_path: Path) -> None:
    path = write(tmp_path, "anna", "hh")
    with AnswerFile(path, "anna") as file:
        file.append("1.png", Answer(revision=2, suggestion_shown="before"))
    assert read_ratings([path]).paths == ("0.png",)


def test_one_rater_and_only_skips(tmp_path: Path) -> None:
    write(tmp_path, "anna", "?x")
    found = measure_agreement(read_ratings(find_answer_files(tmp_path)))
    assert (found.labels, found.pairs, found.fleiss_kappa, found.rated_twice) == ((), (), None, 0)


def test_what_cannot_be_compared(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="label it first"):
        find_answer_files(tmp_path)
    path = write(tmp_path, "anna", "...")
    with pytest.raises(ConfigError, match="no answers yet"):
        read_ratings([path])
    with pytest.raises(ConfigError, match="not a file of answers"):
        read_ratings([tmp_path / "none.csv"])
    write(tmp_path, "anna", "h")
    copy = tmp_path / "copy.csv"
    copy.write_bytes(path.read_bytes())
    with pytest.raises(ConfigError, match="both hold answers of 'anna'"):
        read_ratings([path, copy])
