"""What the process of a server does with memory that is free again."""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress

ARENAS = 2
_M_ARENA_MAX = -8  # of malloc.h


def share_free_memory() -> None:
    """Have threads share ``ARENAS`` pools of free memory; to be called before there are threads.

    The C library of most Linux systems gives them up to eight for each core. What a request leaves
    free in one is of no use to the next request in another, so a server grew with each round of
    hostile requests, though nothing held that memory. See ``M_ARENA_MAX`` in mallopt(3). Does
    nothing elsewhere, and where the variable ``MALLOC_ARENA_MAX`` says what is wanted.
    """
    if sys.platform == "linux" and "MALLOC_ARENA_MAX" not in os.environ:
        with suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS)
