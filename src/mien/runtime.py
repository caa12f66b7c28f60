"""ONNX Runtime sessions: the one place where the package opens a network."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING

from mien.errors import ConfigError, ModelFileError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

SILENT = 4  # ONNX Runtime's "fatal": its own log would repeat what the raised error says


def open_session(
    model: str | os.PathLike[str] | bytes,
    *,
    threads: int | None = None,
) -> InferenceSession:
    """An ONNX Runtime session for ``model``: the path of an ONNX file, or its content as bytes.

    ``threads`` is the number of threads within one operation (default: the processor cores that
    this process may use). Networks run on the CPU alone, so that results do not depend on what else
    is installed.

    A session may be used by several threads at once. Opening one takes milliseconds: keep it.

    Raises ``ModelFileError`` where the file is missing, cannot be read or is not ONNX, and
    ``ConfigError`` for ``threads`` below 1.
    """
    import onnxruntime as ort  # here, since it takes longer to import than all of Mien

    if threads is not None and threads < 1:
        raise ConfigError(f"threads must be at least 1, got {threads}")
    source, name = _checked(model)
    options = ort.SessionOptions()
    options.log_severity_level = SILENT
    options.intra_op_num_threads = threads or usable_cores()
    options.inter_op_num_threads = 1
    # Several sessions take turns on the same cores: idle threads of one that spin in wait of work
    # would slow down the next.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's errors share no narrower base
        reason = " ".join(str(error).split())[:200]
        raise ModelFileError(
            f"{name} is not a model that ONNX Runtime can run: expected an ONNX file ({reason})"
        ) from error


def is_onnx_file(text: str) -> bool:
    """Whether ``text`` names a model file: it ends in ``.onnx``, or there is a file of that name.

    Raises ``ModelFileError`` for a folder or a checkpoint, since these may be a training run.
    """
    folder = os.path.isdir(text)  # noqa: PTH112 - never raises
    if folder or text.lower().endswith(".pt"):
        raise ModelFileError(
            f"{text!r} is a {'folder' if folder else 'checkpoint'}, not an ONNX file: if it is of "
            f"a training run, write one with 'mien export {text} --out FILE.onnx'"
        )
    return text.lower().endswith(".onnx") or os.path.isfile(text)  # noqa: PTH113 - never raises


def usable_cores() -> int:
    """The number of processor cores that this process may use, at least 1."""
    if hasattr(os, "sched_getaffinity"):  # respects taskset and containers; Linux alone has it
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def processor() -> str:
    """The processor as the system names it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _checked(model: str | os.PathLike[str] | bytes) -> tuple[str | bytes, str]:
    """What ONNX Runtime takes, and a name for messages; finds the plain mistakes by itself."""
    if isinstance(model, bytes):
        source: str | bytes = model
        size, name = len(model), f"the given model of {len(model)} bytes"
    else:
        path = Path(model)
        name = f"model file {str(path)!r}"
        try:
            with path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
        except FileNotFoundError:
            raise ModelFileError(f"{name} does not exist: give the path of an ONNX file") from None
        except OSError as error:
            reason = error.strerror or error
            raise ModelFileError(
                f"{name} cannot be read: {reason}; expected an ONNX file"
            ) from None
        source = str(path)  # the path, not the content: weights may lie in a second file beside it
    if not size:
        raise ModelFileError(f"{name} is empty: expected an ONNX file")
    return source, name
