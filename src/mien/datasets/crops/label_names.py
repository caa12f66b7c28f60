"""What the written labels of a data set stand for: expressions, or labels of the user's own."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from mien.errors import ConfigError, InputError, nearest
from mien.labels import AFFECTNET8, CKPLUS, FER2013, RAFDB, canonical, noun_or_adjective

ORDER = (*FER2013, "contempt")
"""The order of expressions; a data set has those that it holds."""
ORDERS = {
    "fer2013": dict(enumerate(FER2013)),
    "affectnet": dict(enumerate(AFFECTNET8)),
    "ckplus": dict(enumerate(CKPLUS)),
    "rafdb": dict(enumerate(RAFDB, start=1)),
}
"""Expressions that numbers stand for, by data set."""
FREE = "free"
"""In place of a list of labels: whatever names there are."""
DIGITS = 2
"""Of a number that is a label; longer ones are those of sequences, subjects or years."""
LONGEST = 100
"""Characters of a label."""
_NUMBERED = re.compile(r"(\d+)(?:[\s_.-]+(.+))?")  # 3, 03_happy, 3-Happiness


class LabelNames:
    """The labels of one data set, by the options ``labels`` and ``order`` of its ``reader``.

    Without ``labels`` they are expressions in any common spelling. ``("free",)`` takes every name;
    any other ``labels`` are the only ones, in their order, and numbers count them from 0. Own
    labels that differ only in case or in spaces, ``_`` and ``-`` are one, written as where it is
    found first; nouns and adjectives of expressions become nouns (``happy``: ``happiness``) unless
    the list has them. ``order``, a key of ``ORDERS``, says which expression a number stands for.

    Raises ``ConfigError`` for other values of the options.
    """

    def __init__(self, reader: str, labels: Sequence[str] | None, order: str | None) -> None:
        if order is not None and order not in ORDERS:
            raise ConfigError(f"{reader} takes order={', '.join(ORDERS)}, not {order!r}")
        if labels is not None and order is not None:
            raise ConfigError(f"{reader} takes labels or order, not both: labels are an order too")
        self.is_free = labels is not None and [*labels] == [FREE]
        self.is_own = labels is not None
        self.has_numbers = order is not None or (self.is_own and not self.is_free)
        self._order = ORDERS[order] if order else None
        self._listed = () if labels is None or self.is_free else _checked(labels, reader)
        self._by_fold = {_fold(label): label for label in self._listed}
        self._known: dict[str, tuple[str | None, str]] = {}  # many rows share few labels

    def find(self, written: str) -> str | None:
        """The label that ``written`` stands for; ``None`` if it is none."""
        return self._look_up(written)[0]

    def problem(self, written: str) -> str:
        """Why ``written`` is no label, and what to do; empty if it is one."""
        return self._look_up(written)[1]

    def in_order(self, held: Collection[str]) -> tuple[str, ...]:
        """The data set's labels, of which its pictures have those in ``held``."""
        if self._listed:
            return self._listed
        return (
            *(noun for noun in ORDER if noun in held),
            *sorted(set(held) - set(ORDER), key=lambda label: (label.casefold(), label)),
        )

    def _look_up(self, written: str) -> tuple[str | None, str]:
        if written not in self._known:
            label = self._own(written) if self.is_own else expression_in(written, self._order)
            why = "" if label is not None else self._why_not(written)
            self._known[written] = label, why
        return self._known[written]

    def _own(self, written: str) -> str | None:
        fold = _fold(written)
        if not fold or len(written) > LONGEST or not written.strip().isprintable():
            return None
        if fold in self._by_fold:
            return self._by_fold[fold]
        if self._listed:
            if fold.isdecimal() and len(fold) <= len(str(len(self._listed))):
                return dict(enumerate(self._listed)).get(int(fold))
            noun = noun_or_adjective(written)
            alike = [label for label in self._listed if noun and noun_or_adjective(label) == noun]
            return alike[0] if len(alike) == 1 else None
        if fold.isdecimal():
            return None
        return self._by_fold.setdefault(fold, noun_or_adjective(written) or written.strip())

    def _why_not(self, written: str) -> str:
        short = written.strip() if len(written) <= LONGEST else f"{written[:LONGEST]}…"
        if not short:
            return "the label is empty"
        if self._listed:
            near = nearest(short, self._listed)
            hint = f"; did you mean {near!r}?" if near else ""
            return f"the label {short!r} is not one of {', '.join(self._listed)}{hint}"
        if short.isdecimal() and self.is_free:
            return f"the label {short!r} is a number: name the labels from 0 on with labels=NAME,…"
        if self.is_free:
            return f"the label {short!r} is too long, or has characters that cannot be printed"
        if short.isdecimal() and self._order is None:
            return (
                f"the label {short!r} is a number: choose its meaning with "
                f"order={', '.join(ORDERS)}, or name the labels from 0 on with labels=NAME,…"
            )
        try:
            canonical(short)
        except InputError as error:
            return f"the label {error}; labels of your own need --option labels=free"
        return f"the label {short!r} is not a number of that order"


def expression_in(name: str, order: dict[int, str] | None) -> str | None:
    """The noun in a name such as ``03_happy``; a number alone stands for one by ``order``."""
    match = _NUMBERED.fullmatch(name.strip())
    if match and not match[2]:
        return order.get(int(match[1])) if order and len(match[1]) <= DIGITS else None
    try:
        return canonical(match[2] if match else name)
    except InputError:
        return None


def _fold(label: str) -> str:
    return re.sub(r"[\s_-]+", " ", label).strip().casefold()


def _checked(labels: Sequence[str], reader: str) -> tuple[str, ...]:
    names = tuple(label.strip() for label in labels)
    if FREE in names:
        raise ConfigError(f"{reader} takes labels=free, or a list of labels, not both")
    bad = [n for n in names if not _fold(n) or len(n) > LONGEST or not n.isprintable()]
    if bad:
        raise ConfigError(f"{reader}: {bad[0][:LONGEST]!r} cannot be a label: give words")
    if len({_fold(name) for name in names}) < len(names):
        raise ConfigError(
            f"{reader}: labels={','.join(names)[:LONGEST]} names one label twice; those that "
            "differ only in case or spaces are one"
        )
    return names
