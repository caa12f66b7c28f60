"""Any ONNX network that carries a ``ModelSpec``, run by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.errors import ModelFileError
from mien.metrics import softmax
from mien.preprocess import network_input
from mien.registry import register_classifier
from mien.runtime import open_session
from mien.spec import ModelSpec

BATCH = 64  # faces a call: beyond it memory grows and speed does not
DEFAULT = Path(__file__).parent.parent / "models" / "default.onnx"


class OnnxClassifier:
    """A classifier from one file: input (N, C, S, S) float32, first output (N, K) logits.

    Raises ``ModelFileError`` where the file is missing, damaged or of another shape than its spec
    says, and ``ModelSpecError`` where it has no spec. Safe to share between threads.
    """

    def __init__(self, path: str | Path, threads: int | None = None) -> None:
        self.path = Path(path)
        self._session = open_session(self.path, threads=threads)
        metadata = self._session.get_modelmeta().custom_metadata_map
        self.spec = ModelSpec.from_metadata(metadata, str(path))
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        self._input, self._output = inputs[0].name, outputs[0].name
        side, labels = self.spec.input_size, len(self.spec.labels)
        problems = [
            f"{what} is {got}, the spec says {want}"
            for what, got, want in (
                ("input", inputs[0].shape[1:], [self.spec.channels, side, side]),
                ("output", outputs[0].shape[1:], [labels]),
            )
            if len(got) != len(want)
            or any(isinstance(g, int) and g != w for g, w in zip(got, want, strict=True))
        ]
        if len(inputs) != 1 or problems:
            reason = "; ".join(problems) or f"it has {len(inputs)} inputs"
            raise ModelFileError(f"{path} is no expression classifier: {reason}")

    def logits(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """(N, K) raw outputs for square (H, W) or (H, W, 3) RGB uint8 crops of any size."""
        out = np.empty((len(crops), len(self.spec.labels)), np.float32)
        for start in range(0, len(crops), BATCH):
            x = network_input(crops[start : start + BATCH], self.spec)  # (N, C, S, S)
            out[start : start + BATCH] = self._session.run([self._output], {self._input: x})[0]
        return out

    def classify(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """(N, K) probabilities: softmax of logits over the spec's temperature (Guo et al. 2017)."""
        return softmax(self.logits(crops) / self.spec.temperature)


@register_classifier("default")
def default(threads: int | None = None) -> OnnxClassifier:
    """The classifier that ships with Mien, trained on FER2013 by its own ``default`` recipe."""
    return OnnxClassifier(DEFAULT, threads=threads)
