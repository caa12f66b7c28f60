"""PyTorch's settings that make a GPU fast, for the time of a training run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def fast_kernels(device: torch.device, few_shapes: bool) -> Iterator[None]:
    """On a GPU: TF32 in fp32 products, and with ``few_shapes`` cuDNN's fastest kernel for each.

    TF32 keeps fp32's range and 10 bits of its precision. Afterwards all is as it was.
    """
    if device.type != "cuda":
        yield
        return
    precision, cudnn = torch.get_float32_matmul_precision(), torch.backends.cudnn
    benchmark, tf32 = cudnn.benchmark, cudnn.allow_tf32
    try:
        torch.set_float32_matmul_precision("high")
        cudnn.benchmark, cudnn.allow_tf32 = few_shapes, True
        with torch.cuda.device(device):
            yield
    finally:
        torch.set_float32_matmul_precision(precision)
        cudnn.benchmark, cudnn.allow_tf32 = benchmark, tf32
