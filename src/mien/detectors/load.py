"""A detector by name or file, made with options."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mien.detectors.base import Detector, check_detector
from mien.devices import device_option, warn_of_unused
from mien.errors import ConfigError
from mien.options import Options, arguments, read_pairs, takes
from mien.registry import detectors
from mien.runtime import is_onnx_file


def load_detector(
    name: str | Path,
    *,
    threads: int | None = None,
    options: Options = (),
    device: str | None = None,
) -> Detector:
    """A registered detector by name, or any ONNX file with a ``DetectorSpec`` by path.

    ``options`` are the detector's own keyword parameters: a mapping of values, or texts such as
    ``min_face_size=20``, ``thresholds=0.6,0.7,0.8`` and ``model=yunet.onnx``. ``threads`` is used
    only by a detector that takes it, such as one with a network. ``device`` is as in
    ``mien.runtime.open_session``.

    Raises ``UnknownNameError``, ``ModelFileError`` and ``ModelSpecError``; ``ConfigError`` for an
    unknown option, a value of the wrong type, an object that is not a ``Detector``, and a device
    that cannot be used.
    """
    text = str(name)
    where = f"detector {text!r}"
    values = read_pairs(options, where)
    # Names first: a file called "mtcnn" must not take the place of the detector.
    if text not in detectors.names() and is_onnx_file(text):
        from mien.detectors.onnx import OnnxDetector

        if "model" in values:
            raise ConfigError(f"the detector is the file {text!r} already: leave out model=…")
        values["model"] = text
        factory: Callable[..., Any] = OnnxDetector
    else:
        factory = detectors.get(text, "or give an .onnx file")
    values = arguments(factory, values, where)
    if threads is not None and takes(factory, "threads"):
        values.setdefault("threads", threads)
    detector = check_detector(factory(**{**device_option(factory, device), **values}), text)
    if not detector.facts.cropped:  # else it has no network
        warn_of_unused(factory, device, where)
    return detector
