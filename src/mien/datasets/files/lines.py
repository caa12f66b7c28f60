"""Lines of a table, none of them so long that it would fill the memory."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import TextIO

LONGEST_LINE = 1 << 24
"""Characters. Thousands of faces take one million."""


def bounded_lines(file: TextIO, longest: int = LONGEST_LINE) -> Iterator[str]:
    """The lines of ``file`` with their ends; ``OSError`` for one that is longer than ``longest``.

    For ``csv.reader`` too, which would read any line whole.
    """
    number = 0
    while line := file.readline(longest + 1):
        number += 1
        if len(line) > longest:
            raise OSError(errno.EFBIG, f"line {number} has more than {longest:,} characters")
        yield line
