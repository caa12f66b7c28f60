"""Memory that runs out in training becomes one sentence that says what to lower."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from mien.errors import TrainingError


@contextmanager
def explain_out_of_memory(device: torch.device, what: str, way_out: str) -> Iterator[None]:
    """Turn what PyTorch raises for want of memory into a ``TrainingError``.

    ``what`` did not fit, ``way_out`` is what to try. Every other error passes.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:  # the CPU's allocator has no error of its own
        if isinstance(error, RuntimeError) and not (
            isinstance(error, torch.cuda.OutOfMemoryError)
            or "DefaultCPUAllocator" in str(error)
            or "CUDA error: out of memory" in str(error)
        ):
            raise
        raise TrainingError(f"the memory of {device} does not hold {what}: try {way_out}") from None
