"""Places for what goes on for long: so many in all, and of one owner at most half of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from mien.server.problems import Problem

_LATER = {"Retry-After": "10"}


class Places:
    """For the event loop alone."""

    def __init__(self, most: int, what: str) -> None:
        """``what`` takes places, such as ``"live connections"``."""
        self._most, self._what = most, what
        self._taken: Counter[str] = Counter()  # by owner

    @property
    def taken(self) -> int:
        """How many are taken."""
        return self._taken.total()

    def check(self, owner: str) -> None:
        """Raise ``Problem`` where there is no place: 429 for the owner, 503 for anybody."""
        if self.taken >= self._most:
            raise Problem(503, f"all {self._most} {self._what} are taken: try again later", _LATER)
        if self._taken[owner] >= (self._most + 1) // 2:
            detail = f"you have {self._taken[owner]} {self._what}, which is all you may: end one"
            raise Problem(429, detail, _LATER)

    @contextmanager
    def hold(self, owner: str) -> Iterator[None]:
        """Take a place for the length of a ``with`` block; nothing is checked."""
        self._taken[owner] += 1
        try:
            yield
        finally:
            self._taken[owner] -= 1
