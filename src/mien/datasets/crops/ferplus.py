"""FER+ (Barsoum et al. 2016): FER2013's pictures, each labelled again by ten people.

"Training Deep Networks for Facial Expression Recognition with Crowd-Sourced Label Distribution",
arXiv:1608.01041. The ten votes are for eight expressions, unknown and not-a-face. The rules that
make a label of them are those of the authors' code (github.com/microsoft/FERPlus).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from mien.datasets.base import DatasetFacts
from mien.datasets.crops.fer2013 import FER2013
from mien.datasets.samples import Sample
from mien.errors import ConfigError, DatasetError
from mien.labels import FERPLUS
from mien.registry import register_dataset

_N = len(FERPLUS)
CONTEMPT, UNKNOWN, NOT_A_FACE = FERPLUS.index("contempt"), _N, _N + 1
NO_MAJORITY = "no majority among the votes"
_REASONS = {UNKNOWN: "majority unknown", NOT_A_FACE: "majority not a face"}


class Verdict(NamedTuple):
    """The label that ten votes give."""

    label: int
    """Index into ``FERPLUS``; ``UNKNOWN`` or ``NOT_A_FACE``; -1 without a majority."""
    target: tuple[float, ...] = ()
    """Eight shares that sum to 1; empty where ``label`` is not an expression."""


@register_dataset("ferplus")
class FERPlus:
    """The reader. ``path``: what ``fer2013`` reads, with ``ferplus.csv`` or ``fer2013new.csv``.

    Splits and pictures are FER2013's; labels are in the order of ``mien.labels.FERPLUS``.

    ``votes`` is the rule by which ten votes become a label. First, single votes are removed as
    slips, as published.

    - ``majority``: the answer of more than half of the remaining votes; a hard label.
    - ``soft``: ``target`` is the distribution of the votes over the most frequent answers that make
      up three quarters of the votes, at most three; unknown and not-a-face among them are removed.
      ``label`` is the most frequent one.
    - ``best_two``: the two most frequent expressions with at least 30 % of the votes (the first in
      order among equals) have half of ``target`` each; a single one has all of it. Together they
      need more than half of the votes. ``label`` is the most frequent one.

    Pictures whose majority is unknown or not-a-face, and those without a majority, are left out
    (``skipped``). ``classes=7`` removes votes for contempt before everything else, so a picture in
    which most see contempt gets its label from the other votes.

    Raises ``DatasetError`` as ``fer2013`` does and without votes, ``ConfigError`` for other values
    of the options.
    """

    def __init__(self, path: str | Path, classes: str = "8", votes: str = "majority") -> None:
        if classes not in ("7", "8"):
            raise ConfigError(f"ferplus takes classes=7 (without contempt) or 8, not {classes!r}")
        if votes not in _RULES:
            raise ConfigError(f"ferplus takes votes={', '.join(_RULES)}, not {votes!r}")
        self.facts = DatasetFacts(name="ferplus", labels=FERPLUS[: int(classes)])
        self._rule, self._hard = _RULES[votes], votes == "majority"
        self._fer2013 = FER2013(path)

    def splits(self) -> tuple[str, ...]:
        """Those of FER2013 that this copy holds."""
        return self._fer2013.splits()

    def samples(self, split: str) -> Iterator[Sample]:
        """Every picture of ``split`` that has a label, in row order: (48, 48) uint8 grey."""
        for sample, verdict in self._judged(split):
            if 0 <= verdict.label < _N:
                target = None if self._hard else verdict.target[: len(self.facts.labels)]
                yield replace(sample, label=verdict.label, target=target)

    def skipped(self, split: str) -> dict[str, list[str]]:
        """Reason → keys of the pictures of ``split`` that have no label."""
        skipped = dict(self._fer2013.skipped(split))
        for sample, verdict in self._judged(split):
            if not 0 <= verdict.label < _N:
                reason = _REASONS.get(verdict.label, NO_MAJORITY)
                skipped.setdefault(reason, []).append(sample.key)
        return skipped

    def _judged(self, split: str) -> Iterator[tuple[Sample, Verdict]]:
        for sample in self._fer2013.samples(split):
            if sample.votes is None:
                raise DatasetError(
                    f"{self._fer2013.path} holds no FER+ votes: put ferplus.csv or fer2013new.csv "
                    "beside the pictures, or read it as fer2013"
                )
            votes = list(sample.votes)
            if len(self.facts.labels) <= CONTEMPT:
                votes[CONTEMPT] = 0
            yield sample, self._rule(without_slips(votes))


def without_slips(votes: Sequence[int]) -> list[int]:
    """``votes`` (10,) in which an answer that one person alone gave has none."""
    return [0 if count <= 1 else count for count in votes]


def majority(votes: Sequence[int]) -> Verdict:
    """The answer of more than half of the ``votes`` (10,), without single votes."""
    best = _most_frequent(votes)
    if votes[best] <= sum(votes) / 2:
        return Verdict(-1)
    return Verdict(best, _shares({best: 1}) if best < _N else ())


def soft(votes: Sequence[int]) -> Verdict:
    """The distribution over the answers that make up three quarters of the votes."""
    total, left = sum(votes), list(votes)
    kept: dict[int, int] = {}
    seen = 0
    face = True  # until unknown or not-a-face comes next
    while seen < 0.75 * total and len(kept) < 3 and face:
        count = max(left)
        for answer in [i for i, votes_of_it in enumerate(left) if votes_of_it == count]:
            left[answer] = 0
            seen += count
            if answer < _N:
                kept[answer] = count
                continue
            face = False
            if not kept:
                return Verdict(answer)
            break
    if sum(kept.values()) <= total / 2 or len(kept) > 3:
        return Verdict(-1)
    return Verdict(max(kept, key=lambda answer: (kept[answer], -answer)), _shares(kept))


def best_two(votes: Sequence[int]) -> Verdict:
    """The two most frequent expressions with many votes, as equals."""
    total = sum(votes)
    best = _most_frequent(votes)
    if best >= _N:
        return Verdict(best)
    often = [i for i in range(_N) if votes[i] and votes[i] >= 0.3 * total]
    two = sorted(often, key=lambda i: (-votes[i], i))[:2]
    if not two or sum(votes[i] for i in two) <= total / 2:
        return Verdict(-1)
    return Verdict(two[0], _shares(dict.fromkeys(two, 1)))


_RULES = {"majority": majority, "soft": soft, "best_two": best_two}


def _most_frequent(votes: Sequence[int]) -> int:
    return max(range(len(votes)), key=lambda i: (votes[i], -i))


def _shares(counts: dict[int, int]) -> tuple[float, ...]:
    total = sum(counts.values())
    return tuple(counts.get(answer, 0) / total for answer in range(_N))
