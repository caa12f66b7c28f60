"""What a run has done so far, in a file that a kill at any moment leaves readable."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mien.files import write_at
from mien.parsing import parse_json


class Journal:
    """JSON values, one a line, in a file that only grows.

    After a kill or a power cut the last line may be torn: it does not count, and the next one is
    written over it. ``read`` to the end before the first ``append``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._end = 0  # bytes of whole lines

    def read(self) -> Iterator[Any]:
        """The values so far. Raises ``ValueError`` for a damaged line, and ``OSError``."""
        if not self.path.exists():
            return
        end = 0
        with self.path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n") or b"\0" in line:  # zeros: after a power cut
                    break
                yield parse_json(line)
                end += len(line)
        self._end = end

    def append(self, values: Iterable[Any]) -> None:
        """Add values; they are on the disk when this returns. Raises ``OutputError``."""
        lines = [json.dumps(value).encode() + b"\n" for value in values]
        write_at(self.path, self._end, lines)
        self._end += sum(map(len, lines))
