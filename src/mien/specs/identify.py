"""Which kind of network an ONNX file holds."""

from __future__ import annotations

from typing import Literal

from mien.errors import ModelSpecError
from mien.specs.classifier import METADATA_KEY as CLASSIFIER_KEY
from mien.specs.detector import METADATA_KEY as DETECTOR_KEY
from mien.specs.metadata import OpenNetwork, read_metadata

NetworkKind = Literal["detector", "classifier", "yunet", "unknown"]

YUNET_OUTPUTS = {"cls_8", "obj_8", "bbox_8", "kps_8"}
"""Outputs of YuNet's finest grid; two coarser grids have the same."""


def kind_of(session: OpenNetwork, where: object) -> NetworkKind:
    """The kind of network in an open ONNX file; its metadata or its outputs name it.

    Raises ``ModelSpecError``, which calls the file ``where``, if its metadata is damaged.
    """
    metadata = read_metadata(session, where)
    if {node.name for node in session.get_outputs()} >= YUNET_OUTPUTS:
        return "yunet"  # with or without a spec
    if DETECTOR_KEY in metadata:
        return "detector"
    return "classifier" if CLASSIFIER_KEY in metadata else "unknown"


def refuse_other(session: OpenNetwork, wanted: NetworkKind, path: object) -> None:
    """Raise ``ModelSpecError`` if the file is of another known kind; it says how to use that kind.

    An unknown kind passes: it may be a network without a spec, about which the caller knows more.
    """
    uses = {
        "detector": f"a face detector: give it as '--detector {path}'",
        "classifier": f"an expression classifier: give it as '--model {path}'",
        "yunet": f"YuNet, a face detector: give it as '--detector yunet --detector-option "
        f"model={path}'",
    }
    kind = kind_of(session, path)
    if kind not in ("unknown", wanted):
        raise ModelSpecError(f"{path} is {uses[kind]}")
