"""ONNX Runtime sessions: the only place where the package opens a network."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mien.errors import ConfigError, ModelFileError, brief, one_line
from mien.parsing import is_whole
from mien.reading import open_file

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from onnxruntime import InferenceSession

MOST_THREADS = 1024
"""A network gets no faster beyond its processor's cores, and starting threads may fail."""
SILENT = 4  # ONNX Runtime's "fatal": its log would repeat the error that is raised


def open_session(
    model: str | os.PathLike[str] | bytes,
    *,
    threads: int | None = None,
) -> InferenceSession:
    """An ONNX Runtime session for ``model``: the path of an ONNX file, or its content as bytes.

    ``threads`` is the number of threads within one operation (default: the processor cores that
    this process may use). Networks run only on the CPU, so that results do not depend on what else
    is installed.

    A session may be used by several threads at once. Opening one takes milliseconds: keep it.

    Raises ``ModelFileError`` if the file is missing, cannot be read or is not ONNX, and
    ``ConfigError`` for ``threads`` that are not a whole number from 1 to ``MOST_THREADS``.
    """
    import onnxruntime as ort  # here because it takes longer to import than all of Mien

    if threads is not None and not is_whole(threads, 1, MOST_THREADS):
        raise ConfigError(
            f"threads must be a whole number from 1 to {MOST_THREADS}, got {brief(threads)}"
        )
    source, name = _check_model(model)
    options = ort.SessionOptions()
    options.log_severity_level = SILENT
    options.intra_op_num_threads = threads or usable_cores()
    options.inter_op_num_threads = 1
    # Several sessions take turns on the same cores: idle threads that spin while they wait for work
    # would slow down the next session.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's errors share no narrower base
        raise ModelFileError(
            f"{name} is not a model that ONNX Runtime can run: expected an ONNX file "
            f"({one_line(error)})"
        ) from error


def run_session(
    session: InferenceSession, outputs: list[str], inputs: dict[str, NDArray[Any]], name: str
) -> list[NDArray[Any]]:
    """The ``outputs`` of a network; ``ModelFileError``, which calls it ``name``, if it fails."""
    try:
        arrays: list[NDArray[Any]] = session.run(outputs, inputs)
    except Exception as error:  # ONNX Runtime's errors share no narrower base
        raise ModelFileError(f"{name} cannot be run: {one_line(error)}") from error
    return arrays


def is_onnx_file(text: str) -> bool:
    """Whether ``text`` names a model file: it ends in ``.onnx``, or there is a file of that name.

    Raises ``ModelFileError`` for a folder or a checkpoint, which may be a training run.
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
    if hasattr(os, "sched_getaffinity"):  # respects taskset and containers; only Linux has it
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def processor() -> str:
    """The processor's name, as the system gives it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _check_model(model: str | os.PathLike[str] | bytes) -> tuple[str | bytes, str]:
    """The argument for ONNX Runtime, and a name for messages.

    Raises ``ModelFileError`` for a file that is missing, unreadable or empty.
    """
    if isinstance(model, bytes):
        source: str | bytes = model
        size, name = len(model), f"a model of {len(model)} bytes"
    else:
        path = Path(model)
        name = f"model file {str(path)!r}"
        try:
            with open_file(path) as file:
                size = file.seek(0, os.SEEK_END)
        except FileNotFoundError:
            raise ModelFileError(f"{name} does not exist: give the path of an ONNX file") from None
        except OSError as error:
            reason = error.strerror or error
            raise ModelFileError(
                f"{name} cannot be read: {reason}; expected an ONNX file"
            ) from None
        source = str(path)  # the path, not the content: weights may be in a second file beside it
    if not size:
        raise ModelFileError(f"{name} is empty: expected an ONNX file")
    return source, name
