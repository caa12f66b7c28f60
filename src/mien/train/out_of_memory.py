"""Turns running out of memory in training into one sentence that says what to lower."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from mien.errors import TrainingError


@contextmanager
def explain_out_of_memory(device: torch.device, what: str, way_out: str) -> Iterator[None]:
    """Turn PyTorch's errors for lack of memory into a ``TrainingError``; let all others pass.

    The message says that ``what`` did not fit and to try ``way_out``.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:  # the CPU's allocator raises RuntimeError
        if isinstance(error, RuntimeError) and not (
            isinstance(error, torch.cuda.OutOfMemoryError)
            or "DefaultCPUAllocator" in str(error)
            or "CUDA error: out of memory" in str(error)
        ):
            raise
        raise TrainingError(f"out of memory on {device} with {what}: try {way_out}") from None
