"""Any ONNX network with a ``ModelSpec``, run by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.classifiers.probabilities import softmax
from mien.errors import ModelFileError
from mien.preprocess.network_input import network_input
from mien.registry import register_classifier
from mien.runtime import Session, open_session, run_session
from mien.specs.classifier import ModelSpec
from mien.specs.identify import refuse_other
from mien.specs.metadata import read_metadata
from mien.weights import DEFAULT

BATCH = 64  # faces per call: more take more memory and are no faster
LARGEST_BATCH = 1024  # that a file may fix
AFFECT = "affect"  # name of the second output, with valence and arousal
MOST_VALUES = 1 << 26  # of the network's input in a call: 256 MB


class OnnxClassifier:
    """A classifier from one file: input (N, C, S, S) float32, first output (N, K) logits.

    If the spec says so, the output ``affect`` is (N, 2) valence and arousal in [-1, 1].

    Raises ``ModelFileError`` if the file is missing, damaged or has other shapes than its spec
    says, and ``ModelSpecError`` if it has no valid spec. Threads may share it.
    """

    def __init__(
        self, path: str | Path, threads: int | None = None, device: str | None = None
    ) -> None:
        self._open(path, open_session(path, threads=threads, device=device))

    @classmethod
    def from_session(cls, path: str | Path, session: Session) -> OnnxClassifier:
        """The classifier of a file that is already open."""
        classifier = cls.__new__(cls)
        classifier._open(path, session)
        return classifier

    def _open(self, path: str | Path, session: Session) -> None:
        self.path, self._session = Path(path), session
        refuse_other(self._session, "classifier", path)
        metadata = read_metadata(self._session, path)
        self.spec = ModelSpec.from_metadata(metadata, str(path))
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if len(inputs) != 1 or not outputs:
            raise ModelFileError(
                f"{path} is not an expression classifier: it has {len(inputs)} inputs and "
                f"{len(outputs)} outputs, not one of each"
            )
        self._input, self._output = inputs[0].name, outputs[0].name
        side, labels = self.spec.input_size, len(self.spec.labels)
        nodes = [
            ("input", inputs[0], (self.spec.channels, side, side)),
            ("output", outputs[0], (labels,)),
        ]
        problems = []
        if self.spec.affect:
            found = [node for node in outputs[1:] if node.name == AFFECT]
            nodes += [(f"output {AFFECT!r}", node, (2,)) for node in found]
            if not found:
                problems.append(f"it has no output {AFFECT!r}, which the spec promises")
        for what, node, want in nodes:
            shape = tuple(node.shape[1:])
            if node.type != "tensor(float)":
                problems.append(f"{what} is {node.type}, not tensor(float)")
            if len(shape) != len(want) or any(
                isinstance(got, int) and got != w for got, w in zip(shape, want, strict=True)
            ):
                problems.append(f"{what} is {list(shape)}, the spec says {list(want)}")
        if problems:
            raise ModelFileError(f"{path} is not an expression classifier: {'; '.join(problems)}")
        # Some exporters fix the batch size; smaller batches are then padded.
        fixed = inputs[0].shape[0]
        self._fixed_batch = fixed if isinstance(fixed, int) and fixed > 0 else None
        face = self.spec.channels * (self.spec.resize or side) ** 2
        most = max(1, min(LARGEST_BATCH, MOST_VALUES // face))
        if self._fixed_batch and self._fixed_batch > most:
            raise ModelFileError(
                f"{path} takes exactly {self._fixed_batch} faces in a call, more than {most}: "
                "export it again with a smaller or a free batch size"
            )
        self._batch = self._fixed_batch or min(BATCH, most)

    def logits(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """(N, K) raw outputs for square (H, W) or (H, W, 3) RGB uint8 crops of any size.

        Raises ``ModelFileError`` if the network cannot be run or its outputs are not finite.
        """
        return self._answers(crops, {self._output: len(self.spec.labels)})[0]

    def classify(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """(N, K) probabilities: softmax of logits over the spec's temperature (Guo et al. 2017)."""
        return softmax(self.logits(crops), self.spec.temperature)

    def logits_affect(
        self, crops: Sequence[NDArray[np.uint8]]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(N, K) raw outputs, and (N, 2) valence and arousal, of a file whose spec has them.

        Raises what ``logits`` raises, and ``ModelFileError`` for a file without them.
        """
        if not self.spec.affect:
            raise ModelFileError(f"{self.path} estimates no valence and arousal")
        widths = {self._output: len(self.spec.labels), AFFECT: 2}
        logits, affect = self._answers(crops, widths)
        return logits, affect

    def classify_affect(
        self, crops: Sequence[NDArray[np.uint8]]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(N, K) probabilities, and (N, 2) valence and arousal in [-1, 1], from one call."""
        logits, affect = self.logits_affect(crops)
        return softmax(logits, self.spec.temperature), affect

    def _answers(
        self, crops: Sequence[NDArray[np.uint8]], widths: Mapping[str, int]
    ) -> list[NDArray[np.float32]]:
        """(N, width) values of each output in ``widths``, which has their names."""
        out = [np.empty((len(crops), width), np.float32) for width in widths.values()]
        for start in range(0, len(crops), self._batch):
            x = network_input(crops[start : start + self._batch], self.spec)  # (N, C, S, S)
            for whole, part in zip(out, self._run(x, widths), strict=True):
                whole[start : start + len(x)] = part
        return out

    def _run(self, x: NDArray[np.float32], widths: Mapping[str, int]) -> list[NDArray[np.float32]]:
        n = len(x)
        if self._fixed_batch:
            x = np.concatenate([x, np.zeros((self._fixed_batch - n, *x.shape[1:]), np.float32)])
        raw = run_session(self._session, list(widths), {self._input: x}, str(self.path))
        cut = [np.asarray(answer[:n], np.float32) for answer in raw]
        for answer, width in zip(cut, widths.values(), strict=True):
            if answer.shape != (n, width) or not np.isfinite(answer).all():
                raise ModelFileError(
                    f"{self.path} returned values of shape {answer.shape} for {n} faces, expected "
                    f"({n}, {width}) finite numbers: export it again"
                )
        return cut


@register_classifier("default")
def default(threads: int | None = None, device: str | None = None) -> OnnxClassifier:
    """The classifier that ships with Mien, trained on FER2013 by its own ``default`` recipe."""
    return OnnxClassifier(DEFAULT, threads=threads, device=device)
