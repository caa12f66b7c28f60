"""Says which reader was guessed for a data set, and what it understood."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mien.cli.support.printing import say

if TYPE_CHECKING:
    from mien.datasets.base import AnyDataset


def say_reader(path: str, dataset: AnyDataset, guessed: bool) -> None:
    """One line on standard error if the reader was guessed, and one for each of its notes."""
    facts = dataset.facts
    if guessed:
        say(f"{path} is read as {facts.reader!r} (--dataset chooses another reader)", err=True)
    for note in facts.notes:
        say(f"{path}: {note}", err=True)
