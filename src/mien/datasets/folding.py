"""Which fold of a cross-validation is tested, as a text of ``mien.datasets.splits.resplit``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mien.datasets.division import PARTS
from mien.errors import ConfigError

_FORM = re.compile(r"(fold|subject-fold):(\d{1,3})/(\d{1,3})(:valid)?")


@dataclass(frozen=True, slots=True)
class Folding:
    """Which of several equal folds is tested; every picture is in exactly one fold."""

    count: int
    number: int = 1
    """From 1."""
    by_subject: bool = False
    """Whether all pictures of a subject are in one fold."""
    validates: bool = False
    """Whether the next fold is the part ``valid`` instead of a piece of ``train``."""

    def __post_init__(self) -> None:
        least = 3 if self.validates else 2
        if not (1 <= self.number <= self.count and self.count >= least):
            raise ConfigError(f"fold {self.number} of {self.count}: there must be {least} or more")

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the parts."""
        return PARTS if self.validates else ("train", "test")

    @property
    def text(self) -> str:
        """As ``resplit`` takes it, such as ``fold:1/5``."""
        kind = "subject-fold" if self.by_subject else "fold"
        return f"{kind}:{self.number}/{self.count}" + ":valid" * self.validates

    def part_of(self, fold: int) -> int:
        """Index of the part that a fold, from 0, belongs to."""
        if fold == self.number - 1:
            return len(self.parts) - 1
        return int(self.validates and fold == self.number % self.count)

    @classmethod
    def parse(cls, text: str) -> Folding | None:
        """The folding that ``text`` names; ``None`` for a text of another form."""
        match = _FORM.fullmatch(text)
        if match is None:
            return None
        kind, number, count, valid = match.groups()
        return cls(int(count), int(number), kind == "subject-fold", bool(valid))
