"""Devices that a network can run on, as ONNX Runtime's execution providers."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection
from typing import Any

from mien.errors import ConfigError, brief, did_you_mean
from mien.options import takes

AUTO, CPU = "auto", "cpu"

PROVIDERS = {
    "cuda": "CUDAExecutionProvider",
    "dml": "DmlExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    CPU: "CPUExecutionProvider",
}
"""Device → its provider, the one that ``auto`` prefers first."""
DEVICES = (AUTO, CPU, *(name for name in PROVIDERS if name != CPU))

# The package of another build is installed in place of `onnxruntime`: both own the same module.
_REPLACE = "pip uninstall -y onnxruntime && pip install {}"
_GPU = "'onnxruntime-gpu[cuda,cudnn]'"
INSTALL = {
    "cuda": f"an NVIDIA GPU, on Linux or Windows: {_REPLACE.format(_GPU)}",
    "dml": f"Windows: {_REPLACE.format('onnxruntime-directml')}",
    "coreml": "macOS, whose 'pip install onnxruntime' has it",
    "openvino": f"Intel's GPUs and processors: {_REPLACE.format('onnxruntime-openvino')}",
}
"""What each device needs."""


def candidates(device: str, available: Collection[str]) -> list[str]:
    """The devices to try in turn for ``device``, given the providers of this ONNX Runtime.

    For a name it is that device alone, for ``auto`` each one there is, the CPU last. Raises
    ``ConfigError`` for an unknown name and for a device whose provider is not ``available``.
    """
    if device == AUTO:
        return [
            name for name, provider in PROVIDERS.items() if name == CPU or provider in available
        ]
    if device not in PROVIDERS:
        hint = did_you_mean(str(device), DEVICES, "devices")
        raise ConfigError(f"unknown device {brief(device)}: {hint}")
    if PROVIDERS[device] not in available:
        has = ", ".join(name.removesuffix("ExecutionProvider") for name in available)
        raise ConfigError(
            f"device {device!r} is not in the installed ONNX Runtime, which has {has}; it needs "
            f"{INSTALL[device]}"
        )
    return [device]


def unusable(device: str, reason: str) -> str:
    """The message for a device that is installed and does not work."""
    return (
        f"device {device!r} cannot be used here ({reason}): check its driver and libraries "
        "(https://onnxruntime.ai/docs/execution-providers), or choose cpu"
    )


def device_option(factory: Callable[..., Any], device: str | None) -> dict[str, str]:
    """The keyword ``device`` for a ``factory`` that takes it; nothing for others."""
    return {"device": device} if device is not None and takes(factory, "device") else {}


def warn_of_unused(factory: Callable[..., Any], device: str | None, what: str) -> None:
    """Warn that ``what`` does not run on the ``device`` that was asked for by name."""
    if device not in (None, AUTO, CPU) and not takes(factory, "device"):
        warnings.warn(
            f"{what} takes no device: it runs where it always does, not on {device}",
            RuntimeWarning,
            stacklevel=3,
        )
