"""``compile = true``: a network's features through ``torch.compile``."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from mien.errors import TrainingError

Features = Callable[[Tensor], Tensor]
"""(N, C, S, S) → (N, F)."""


def compiled(features: Features, device: torch.device) -> Features:
    """``features``, compiled for each shape when it is first called with it.

    The network that they belong to stays as it is, names of weights included. Raises
    ``TrainingError`` if there is no compiler for ``device``, and when it is called, if this network
    cannot be compiled.
    """
    try:
        torch.compile(_probe)(torch.ones(8, device=device))
    except Exception as error:  # noqa: BLE001 - PyTorch's own differ between versions and compilers
        needed = "a C++ compiler, such as g++" if device.type == "cpu" else "Triton"
        raise TrainingError(
            f"compile = true: PyTorch cannot compile for {device.type} here ({_reason(error)}): "
            f"install {needed}, or add --set compile=false"
        ) from None
    fast = torch.compile(features, dynamic=False)

    def checked(x: Tensor) -> Tensor:
        try:
            return fast(x)
        except torch._dynamo.exc.TorchDynamoException as error:
            raise TrainingError(
                f"compile = true: PyTorch cannot compile this network ({_reason(error)}): add "
                "--set compile=false"
            ) from None

    return checked


def _probe(x: Tensor) -> Tensor:
    return x * 2 + 1


def _reason(error: Exception) -> str:
    """The first line of a message that has pages."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[0].strip()[:160] if lines else type(error).__name__
