"""The answers of several raters to the same pictures, and how far they agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from mien.errors import ConfigError
from mien.labelling.agreement import (
    MISSING,
    Ratings,
    agreement_of,
    cohen_kappa,
    confusion,
    counts_of,
    fleiss_kappa,
)
from mien.labelling.answers import Answer, read_answers
from mien.labels import FERPLUS

PREFIX = "labels."
"""An answer file in the folder of the pictures is called ``labels.RATER.csv``."""


def answer_path(folder: Path, rater: str) -> Path:
    """Where the answers of ``rater`` lie by default."""
    return folder / f"{PREFIX}{rater}.csv"


def find_answer_files(folder: Path) -> list[Path]:
    """The answer files in a folder, sorted. Raises ``ConfigError`` if there is none."""
    found = sorted(path for path in folder.glob(f"{PREFIX}*.csv") if path.is_file())
    if not found:
        raise ConfigError(
            f"{folder} holds no answers ({PREFIX}NAME.csv): label it first, or give --ratings FILE"
        )
    return found


@dataclass(frozen=True, slots=True)
class AllRatings:
    """The newest answers of every rater."""

    raters: tuple[str, ...]
    labels: tuple[str, ...]
    """Expressions in FER+'s order, then others by name."""
    paths: tuple[str, ...]
    """Sorted paths of the pictures that have an answer."""
    answers: Mapping[str, Mapping[str, Answer]]
    """Rater → path → answer; without those that were taken back."""

    def table(self) -> Ratings:
        """(N, R): the index of each label, or ``MISSING``."""
        index = {label: number for number, label in enumerate(self.labels)}
        return np.array(
            [
                [
                    index[answer.label] if (answer := of.get(path)) and answer.label else MISSING
                    for of in (self.answers[rater] for rater in self.raters)
                ]
                for path in self.paths
            ],
            np.int64,
        ).reshape(len(self.paths), len(self.raters))


def read_ratings(files: Sequence[Path]) -> AllRatings:
    """The answers in answer files. Raises ``ConfigError``, also for a rater with two files."""
    answers: dict[str, dict[str, Answer]] = {}
    home: dict[str, Path] = {}
    for file in files:
        for row, answer in read_answers(file):
            rater = row["rater"]
            if home.setdefault(rater, file) != file:
                raise ConfigError(
                    f"{home[rater]} and {file} both hold answers of {rater!r}: give one of them"
                )
            answers.setdefault(rater, {})[row["path"]] = answer
    answers = {
        rater: {path: answer for path, answer in of.items() if answer.kind}
        for rater, of in sorted(answers.items())
    }
    answers = {rater: of for rater, of in answers.items() if of}
    if not answers:
        raise ConfigError(f"{', '.join(map(str, files))}: no answers yet: label some pictures")
    used = {answer.label for of in answers.values() for answer in of.values() if answer.label}
    known = [label for label in FERPLUS if label in used]
    return AllRatings(
        raters=tuple(answers),
        labels=(*known, *sorted(used.difference(known))),
        paths=tuple(sorted({path for of in answers.values() for path in of})),
        answers=answers,
    )


@dataclass(frozen=True, slots=True)
class RaterFacts:
    """What one rater did."""

    rater: str
    labelled: int
    cannot_tell: int
    not_a_face: int
    suggestion_seen: int
    """Answers that were given after the model's suggestion was shown."""
    old_label_seen: int
    """Answers that were given after the old label was shown."""
    median_seconds: float


@dataclass(frozen=True, slots=True)
class PairFacts:
    """How far two raters agree."""

    first: str
    second: str
    pictures: int
    """That both labelled."""
    agreement: float | None
    kappa: float | None
    """Cohen's."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far all raters agree; "cannot tell" and "not a face" count as missing labels."""

    raters: tuple[RaterFacts, ...]
    pairs: tuple[PairFacts, ...]
    pictures: int
    """With any answer."""
    rated_twice: int
    """With the labels of two raters or more."""
    unanimous: int
    """Of these, with one label only."""
    fleiss_kappa: float | None
    complete: bool
    """Whether every picture has as many labels as there are raters: Fleiss' own formula."""
    labels: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    """Of two raters: rows the first, columns the second. Of more: all pairs, both ways round."""

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)


def measure_agreement(ratings: AllRatings) -> Agreement:
    """How far the raters agree on the pictures that they labelled."""
    table, size = ratings.table(), len(ratings.labels)
    pairs: list[PairFacts] = []
    pooled = np.zeros((size, size), np.int64)
    for a, b in combinations(range(len(ratings.raters)), 2):
        between = confusion(table[:, a], table[:, b], size)
        pooled += between if len(ratings.raters) == 2 else between + between.T
        pairs.append(
            PairFacts(
                first=ratings.raters[a],
                second=ratings.raters[b],
                pictures=int(between.sum()),
                agreement=agreement_of(table[:, a], table[:, b]),
                kappa=cohen_kappa(between),
            )
        )
    counts = counts_of(table, size) if size else np.zeros((len(table), 0), np.int64)
    each = counts.sum(axis=1)
    return Agreement(
        raters=tuple(_rater_facts(rater, of) for rater, of in ratings.answers.items()),
        pairs=tuple(pairs),
        pictures=len(ratings.paths),
        rated_twice=int((each > 1).sum()),
        unanimous=int(((each > 1) & (counts.max(axis=1, initial=0) == each)).sum()),
        fleiss_kappa=fleiss_kappa(counts),
        complete=bool((each == len(ratings.raters)).all()),
        labels=ratings.labels,
        confusion=tuple(tuple(map(int, row)) for row in pooled),
    )


def _rater_facts(rater: str, of: Mapping[str, Answer]) -> RaterFacts:
    kinds = Counter(answer.kind for answer in of.values())
    return RaterFacts(
        rater=rater,
        labelled=kinds["labelled"],
        cannot_tell=kinds["cannot tell"],
        not_a_face=kinds["not a face"],
        suggestion_seen=sum(answer.suggestion_shown == "before" for answer in of.values()),
        old_label_seen=sum(answer.old_label_shown == "before" for answer in of.values()),
        median_seconds=float(np.median([answer.seconds for answer in of.values()])),
    )
