"""What has changed in the sources since the manifest was written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from mien.scale.inputs import Input
from mien.scale.manifest import Manifest


@dataclass
class Changes:
    """Numbers of inputs, and the first one of each kind."""

    changed: int = 0
    new: int = 0
    gone: int = 0
    first: str = ""

    def __bool__(self) -> bool:
        return bool(self.changed or self.new or self.gone)

    def note(self, kind: str, each: Input) -> None:
        """Count one more input that is ``changed``, ``new`` or ``gone``."""
        setattr(self, kind, getattr(self, kind) + 1)
        self.first = self.first or f"{each.source!r} is {kind}"

    def text(self) -> str:
        """How many of which, on one line."""
        named = (("changed", self.changed), ("new", self.new), ("gone", self.gone))
        counts = ", ".join(f"{count:,} {kind}" for kind, count in named if count)
        return f"{counts}; {self.first}"


def compare(before: Manifest, now: Manifest) -> Changes:
    """What differs; the order does not count, nor do marks of duplicates."""
    changes = Changes()
    if len(before) == len(now) and all(map(_is_same, before, now)):
        return changes
    known = _by_name(before)
    for each in now:
        number = known.pop(_key(each), None)
        if number is None:
            changes.note("new", each)
        elif not _is_same(next(before.inputs(number, number + 1)), each):
            changes.note("changed", each)
    for number in known.values():
        changes.note("gone", next(before.inputs(number, number + 1)))
    return changes


def updated(before: Manifest, now: Manifest) -> Iterator[Input]:
    """The inputs of ``before`` in their order, as they are now; then those that are new.

    What is gone stays: its answers are still true of what it was.
    """
    current = _by_name(now)
    for each in before:
        number = current.pop(_key(each), None)
        yield each if number is None else next(now.inputs(number, number + 1))
    for number in current.values():
        yield next(now.inputs(number, number + 1))


def _key(each: Input) -> int:
    return hash((each.path, each.member))  # 64 bits; a million texts would fill the memory


def _by_name(manifest: Manifest) -> dict[int, int]:
    return {_key(each): each.number for each in manifest}


def _is_same(a: Input, b: Input) -> bool:
    return replace(a, duplicate_of=None).state() == replace(b, duplicate_of=None).state()
