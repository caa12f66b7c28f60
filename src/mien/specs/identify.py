"""Which kind of network an ONNX file holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mien.errors import ModelSpecError
from mien.specs.classifier import METADATA_KEY as CLASSIFIER_KEY
from mien.specs.detector import METADATA_KEY as DETECTOR_KEY

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

YUNET_OUTPUTS = {"cls_8", "obj_8", "bbox_8", "kps_8"}  # the same of two coarser grids follow


def kind_of(session: InferenceSession) -> str:
    """``detector``, ``classifier`` or ``yunet``; empty for any other network."""
    metadata = session.get_modelmeta().custom_metadata_map
    if DETECTOR_KEY in metadata:
        return "detector"
    if CLASSIFIER_KEY in metadata:
        return "classifier"
    return "yunet" if {node.name for node in session.get_outputs()} >= YUNET_OUTPUTS else ""


def refuse_other(session: InferenceSession, wanted: str, path: object) -> None:
    """Raise ``ModelSpecError`` where the file is of a known kind other than ``wanted``.

    It says what the file is and how it is used.
    """
    uses = {
        "detector": f"a face detector: give it as '--detector {path}'",
        "classifier": f"an expression classifier: give it as '--model {path}'",
        "yunet": f"YuNet, a face detector that OpenCV runs: give it as '--detector yunet "
        f"--detector-option model={path}'",
    }
    kind = kind_of(session)
    if kind not in ("", wanted):
        raise ModelSpecError(f"{path} is {uses[kind]}")
