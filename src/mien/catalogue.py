"""The detectors and classifiers there are: their facts, their cards, and whether they work here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from mien.errors import UnknownNameError, one_line
from mien.registry import classifiers, detectors

# Imports of NumPy, OpenCV and ONNX Runtime stand in functions: `mien doctor` reports a broken one.
if TYPE_CHECKING:
    from mien.detectors.base import DetectorFacts
    from mien.specs.classifier import ModelSpec

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Broken:
    """A registered name that fails; ``reason`` is the error on one line."""

    reason: str

    def __str__(self) -> str:
        return f"broken: {self.reason}"


def detector_facts() -> dict[str, DetectorFacts | Broken]:
    """The facts of every registered detector."""
    return {name: _try(_facts, name) for name in detectors.names()}


def classifier_specs() -> dict[str, ModelSpec | Broken]:
    """The spec of every registered classifier."""
    return {name: _try(_spec, name) for name in classifiers.names()}


def detector_states() -> dict[str, str]:
    """For every registered detector: ``works``, ``needs …`` or ``broken: …``."""
    return {name: str(_try(_state, name)) for name in detectors.names()}


def device_states() -> dict[str, str]:
    """For every device: ``works``, ``needs …`` or ``broken: …``; a small network is tried."""
    from mien.devices import INSTALL, PROVIDERS
    from mien.runtime import onnxruntime, open_session
    from mien.weights import MTCNN

    def state(device: str) -> str:
        if PROVIDERS[device] not in onnxruntime().get_available_providers():
            return f"needs {INSTALL[device]}" if device in INSTALL else "broken"
        open_session(MTCNN / "rnet.onnx", threads=1, device=device)
        return "works"

    return {device: str(_try(state, device)) for device in PROVIDERS}


def card(name: str) -> dict[str, Any]:
    """All facts of a registered classifier or detector, or of an ONNX file.

    A registered detector's card has its ``options`` with their defaults. Raises
    ``UnknownNameError``, ``ModelFileError`` and ``ModelSpecError``.
    """
    from mien.detectors.onnx import OnnxDetector
    from mien.options import parameters
    from mien.runtime import is_onnx_file, open_session
    from mien.specs.detector import METADATA_KEY, DetectorSpec
    from mien.specs.identify import kind_of
    from mien.specs.metadata import read_metadata

    if name in classifiers.names():
        return asdict(_spec(name))
    if name in detectors.names():
        options = {key: default for key, (_, default) in parameters(detectors.get(name)).items()}
        return {**asdict(_facts(name)), "options": options}
    if not is_onnx_file(name):
        known = [*classifiers.names(), *detectors.names()]
        raise UnknownNameError("model", name, known, "or give an .onnx file")
    session = open_session(name)
    kind, metadata = kind_of(session, name), read_metadata(session, name)
    if kind == "yunet" and METADATA_KEY in metadata:
        return asdict(DetectorSpec.from_metadata(metadata, name))
    if kind == "detector":
        return asdict(OnnxDetector(model=name).spec)
    return asdict(_spec(name))


def _try(read: Callable[[str], T], name: str) -> T | Broken:
    try:
        return read(name)
    except Exception as error:  # noqa: BLE001 - a third party's code may raise anything
        return Broken(one_line(error))


def _facts(name: str) -> DetectorFacts:
    factory = detectors.get(name)
    detector: Any = factory if isinstance(factory, type) else factory()
    facts: DetectorFacts = detector.facts
    return facts


def _spec(name: str) -> ModelSpec:
    from mien.classifiers.base import load_classifier

    return load_classifier(name).spec


def _state(name: str) -> str:
    from mien.detectors.load import load_detector

    # A class states its facts; a factory would have to make a detector to do so.
    if isinstance(detectors.get(name), type) and (needs := _facts(name).needs):
        return f"needs {needs}"
    load_detector(name)
    return "works"
