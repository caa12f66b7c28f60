"""A training run or one of its checkpoints, as a classifier."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mien.classifiers.probabilities import softmax
from mien.errors import ModelFileError
from mien.preprocess.network_input import network_input
from mien.registry import architectures
from mien.specs.classifier import ModelSpec
from mien.train import checkpoint
from mien.train.classification.config import ClassifierConfig
from mien.train.classification.models.base import AFFECT, TRAINED_ONLY, Network
from mien.train.classification.spec import input_spec, run_framing
from mien.train.divergence import is_finite
from mien.train.session import pick_device

BATCH = 256


class TorchClassifier:
    """The averaged weights of a run in PyTorch, with the protocol of ``mien.classifiers.base``.

    ``run``: the folder of a ``mien train`` run, or a checkpoint in it. The temperature is 1 (it is
    fitted on export). The card has the run's facts and recipe. Raises ``ModelFileError`` for a
    missing or damaged checkpoint.
    """

    def __init__(self, run: str | Path, device: str = "auto") -> None:
        self._net, config, state = load_classifier_run(run)
        self._device = pick_device(device)
        self.spec = replace(
            input_spec(config, tuple(state["labels"])),
            **run_framing(config, state),
            affect=self._net.affect is not None,
            sha256=checkpoint.weights_hash(self._net),
            card={**state.get("facts", {}), "recipe": config.to_dict()},
        )
        self._net.to(self._device)

    def logits(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """(N, K) raw outputs for square (H, W) or (H, W, 3) RGB uint8 crops of any size."""
        return torch_logits(self._net, self.spec, crops, self._device)

    def classify_affect(
        self, crops: Sequence[NDArray[np.uint8]]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(N, K) probabilities, and (N, 2) valence and arousal of a run that learned them."""
        logits, affect = torch_affect(self._net, self.spec, crops, self._device)
        return softmax(logits, self.spec.temperature), affect

    def classify(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """(N, K) probabilities: softmax of logits over the spec's temperature."""
        return softmax(self.logits(crops), self.spec.temperature)


def load_classifier_run(run: str | Path) -> tuple[Network, ClassifierConfig, dict[str, Any]]:
    """The trained network of a run, its recipe and its checkpoint.

    The network has the averaged weights (of the best epoch if the recipe has ``patience``), a head
    ``affect`` if it learned valence and arousal, and no head that only training uses; it is on the
    CPU and in evaluation mode. Raises ``ModelFileError``, ``ConfigError``, ``UnknownNameError``.
    """
    path = checkpoint.find(run)
    state = checkpoint.load(path)
    if checkpoint.is_detector(state):
        raise ModelFileError(f"{path} is the run of a face detector: give that of a classifier")
    config = ClassifierConfig.from_dict(state["config"], where=str(path))
    make = architectures.get(config.architecture)
    weights = {
        name: value
        for name, value in (state.get("best") or state["ema"]).items()
        if not name.startswith(TRAINED_ONLY)
    }
    with checkpoint.must_fit(path):
        affect = any(name.startswith(AFFECT) for name in weights)
        net: Network = make(config, len(state["labels"]), 0, affect)
        net.load_state_dict(weights)
    net.eval()
    return net, config, state


def check_finite(net: nn.Module, run: str | Path) -> None:
    """Raise ``ModelFileError`` if weights of the network of ``run`` are infinite or no numbers."""
    if not is_finite(net):
        raise ModelFileError(f"{run} has weights that are not finite: train it again")


@torch.inference_mode()
def torch_logits(
    net: nn.Module,
    spec: ModelSpec,
    crops: Sequence[NDArray[np.uint8]],
    device: torch.device | None = None,
) -> NDArray[np.float32]:
    """(N, K) logits of ``net``, which is on ``device`` (default: CPU) and in evaluation mode."""
    out = np.empty((len(crops), len(spec.labels)), np.float32)
    for rows, x in _batches(spec, crops, device):
        out[rows] = net(x).float().cpu().numpy()
    return out


@torch.inference_mode()
def torch_affect(
    net: Network,
    spec: ModelSpec,
    crops: Sequence[NDArray[np.uint8]],
    device: torch.device | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(N, K) logits, and (N, 2) valence and arousal, of a network with the head ``affect``."""
    logits = np.empty((len(crops), len(spec.labels)), np.float32)
    affect = np.empty((len(crops), 2), np.float32)
    for rows, x in _batches(spec, crops, device):
        both = net.with_affect(x)
        logits[rows], affect[rows] = (each.float().cpu().numpy() for each in both)
    return logits, affect


def _batches(
    spec: ModelSpec, crops: Sequence[NDArray[np.uint8]], device: torch.device | None
) -> Iterator[tuple[slice, Tensor]]:
    """Rows and (n, C, S, S) network inputs of a batch at a time."""
    for start in range(0, len(crops), BATCH):
        x = torch.from_numpy(network_input(crops[start : start + BATCH], spec))
        yield slice(start, start + len(x)), x.to(device)
