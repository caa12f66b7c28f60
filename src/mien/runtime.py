"""ONNX Runtime sessions: the only place where the package opens a network."""

from __future__ import annotations

import io
import os
import platform
import warnings
from contextlib import AbstractContextManager, nullcontext, redirect_stdout, suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from mien.devices import AUTO, CPU, PROVIDERS, candidates, unusable
from mien.errors import ConfigError, ModelFileError, brief, one_line
from mien.forking import PerProcess
from mien.parsing import is_whole
from mien.reading import open_file

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from onnxruntime import InferenceSession, SessionOptions

MOST_THREADS = 1024
"""A network gets no faster beyond its processor's cores, and starting threads may fail."""
SILENT = 4  # ONNX Runtime's "fatal": its log would repeat the error that is raised


class Session:
    """An open network, with the methods of ONNX Runtime's session that the package uses.

    Threads may share it. A forked child opens the file anew when it first uses the network, as a
    session does not survive a fork.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | bytes,
        threads: int | None,
        device: str = CPU,
        small: int = 0,
    ) -> None:
        self._model, self._device = model, device
        self._stamp: tuple[int, int] | None = None
        cores = usable_cores()
        chooses = threads is None and small and device == CPU and cores > 1
        self._small = small if chooses else 0
        first = 1 if chooses else threads or cores
        self._session = PerProcess(lambda: self._open(first))
        self._all_cores = PerProcess(lambda: self._open(cores), later=True)
        # DirectML's sessions run one call at a time.
        one_by_one = PROVIDERS["dml"] in self.get_providers()
        self._turn: AbstractContextManager[object] = Lock() if one_by_one else nullcontext()

    def run(self, outputs: list[str], inputs: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
        """The ``outputs`` for these ``inputs``, both by name."""
        is_large = self._small and sum(array.size for array in inputs.values()) >= self._small
        session = self._all_cores if is_large else self._session
        with self._turn:
            arrays: list[NDArray[Any]] = session.value.run(outputs, inputs)
        return arrays

    def get_inputs(self) -> Any:
        """Name, type and shape of each input."""
        return self._session.value.get_inputs()

    def get_outputs(self) -> Any:
        """Name, type and shape of each output."""
        return self._session.value.get_outputs()

    def get_modelmeta(self) -> Any:
        """The file's metadata."""
        return self._session.value.get_modelmeta()

    def get_providers(self) -> list[str]:
        """What runs it: execution providers of ONNX Runtime, the preferred one first."""
        providers: list[str] = self._session.value.get_providers()
        return providers

    def get_session_options(self) -> SessionOptions:
        """The settings that it was opened with."""
        return self._session.value.get_session_options()

    def _open(self, threads: int) -> InferenceSession:
        ort = onnxruntime()
        source, name, stamp = _check_model(self._model)
        if self._stamp not in (None, stamp):
            raise ModelFileError(
                f"{name} has changed since it was loaded, and has to be opened again, in a forked "
                "process or for a larger input: load the new file"
            )
        self._stamp = stamp
        devices = candidates(self._device, ort.get_available_providers())
        for device in devices:
            if device == CPU:
                break
            lacking = _prepare(ort, device)
            try:
                session = self._start(source, device, threads)
            except MemoryError:
                raise
            except Exception as error:  # noqa: BLE001 - ONNX Runtime's errors share no base
                reason = one_line(error)
            else:
                if PROVIDERS[device] in session.get_providers():
                    return session
                reason = f"ONNX Runtime fell back to the CPU{lacking and f': {lacking}'}"
            if self._device == AUTO:
                warnings.warn(unusable(device, reason), RuntimeWarning, stacklevel=2)
        try:
            session = self._start(source, CPU, threads)
        except MemoryError:
            raise
        except Exception as error:
            raise ModelFileError(
                f"{name} is not a model that ONNX Runtime can run: expected an ONNX file "
                f"({one_line(error)})"
            ) from error
        if devices[-1] != CPU:  # the model can be run, so the device is at fault
            raise ConfigError(unusable(device, reason))
        return session

    def _start(self, source: str | bytes, device: str, threads: int) -> InferenceSession:
        ort = onnxruntime()
        options = ort.SessionOptions()
        options.log_severity_level = SILENT
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Several sessions take turns on the same cores: idle threads that spin while they wait for
        # work would slow down the next session.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        if device == "dml":
            options.enable_mem_pattern = False  # DirectML refuses it
        providers = list(dict.fromkeys([PROVIDERS[device], PROVIDERS[CPU]]))
        return ort.InferenceSession(source, options, providers=providers, enable_fallback=0)


def onnxruntime() -> Any:
    """The module ``onnxruntime``; importing it takes longer than importing all of Mien.

    Its telemetry, where a build has one, stays off unless the user's environment switches it on:
    Mien sends nothing about anybody's pictures, and a forked process would wait at its end for the
    thread that sends.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime as ort

    return ort


def _prepare(ort: Any, device: str) -> str:
    """Load the libraries of ``device``; the first problem on one line, or an empty text.

    CUDA and cuDNN from pip are found only so. ONNX Runtime prints what it lacks, here and in its
    log, which is silenced.
    """
    ort.set_default_logger_severity(SILENT)
    printed = io.StringIO()
    if device == "cuda":
        with suppress(AttributeError, OSError), redirect_stdout(printed):  # new in version 1.21
            ort.preload_dlls()
    return printed.getvalue().partition("\n")[0]


def open_session(
    model: str | os.PathLike[str] | bytes,
    *,
    threads: int | None = None,
    device: str | None = None,
    small: int = 0,
) -> Session:
    """A session for ``model``: the path of an ONNX file, or its content as bytes.

    ``threads`` is the number of threads within one operation. By default these are the processor
    cores that this process may use, but one for an input of fewer than ``small`` numbers: so little
    work is done sooner than shared. ``device`` is one of ``mien.devices.DEVICES``; the default is
    the CPU, so that results do not depend on what else is installed. ``auto`` takes the best one
    that works, and warns of those that are installed and do not.

    A session may be used by several threads at once. Opening one takes milliseconds: keep it.

    Raises ``ModelFileError`` if the file is missing, cannot be read or is not ONNX, and
    ``ConfigError`` for ``threads`` that are not a whole number from 1 to ``MOST_THREADS`` and for a
    ``device`` that is unknown, not installed or falls back to the CPU.
    """
    if threads is not None and not is_whole(threads, 1, MOST_THREADS):
        raise ConfigError(
            f"threads must be a whole number from 1 to {MOST_THREADS}, got {brief(threads)}"
        )
    return Session(model, threads, CPU if device is None else device, small)


def run_session(
    session: Session, outputs: list[str], inputs: dict[str, NDArray[Any]], name: str
) -> list[NDArray[Any]]:
    """The ``outputs`` of a network; ``ModelFileError``, which calls it ``name``, if it fails."""
    try:
        return session.run(outputs, inputs)
    except (MemoryError, ModelFileError):
        raise
    except Exception as error:  # ONNX Runtime's errors share no narrower base
        raise ModelFileError(f"{name} cannot be run: {one_line(error)}") from error


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


def _check_model(
    model: str | os.PathLike[str] | bytes,
) -> tuple[str | bytes, str, tuple[int, int] | None]:
    """The argument for ONNX Runtime, a name for messages, and a file's size and time of change.

    Raises ``ModelFileError`` for a file that is missing, unreadable or empty.
    """
    if isinstance(model, bytes):
        source: str | bytes = model
        size, name, stamp = len(model), f"a model of {len(model)} bytes", None
    else:
        path = Path(model)
        name = f"model file {str(path)!r}"
        try:
            with open_file(path) as file:
                status = os.fstat(file.fileno())
                size = file.seek(0, os.SEEK_END)
        except FileNotFoundError:
            raise ModelFileError(f"{name} does not exist: give the path of an ONNX file") from None
        except OSError as error:
            reason = error.strerror or error
            raise ModelFileError(
                f"{name} cannot be read: {reason}; expected an ONNX file"
            ) from None
        stamp = status.st_size, status.st_mtime_ns
        source = str(path)  # the path, not the content: weights may be in a second file beside it
    if not size:
        raise ModelFileError(f"{name} is empty: expected an ONNX file")
    return source, name, stamp
