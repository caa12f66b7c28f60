"""Grad-CAM (Selvaraju et al. 2017): where a network's last feature maps support a class."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mien.errors import ConfigError
from mien.evaluation.classification.explanation import from_network_input
from mien.preprocess.network_input import network_input
from mien.specs.classifier import ModelSpec
from mien.train.classification.models.base import Network


def grad_cam(network: Network, spec: ModelSpec, crop: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How much each place of one face crop supports the predicted class, (H, W) in [0, 1].

    The last feature maps inside ``network.features`` are weighted by the mean gradient of the
    class's logit, summed, cut off at 0 and divided by their maximum; a map of zeros means that
    nothing supports the class. ``crop`` is (H, W) or (H, W, 3) uint8, ``network`` on the CPU and in
    evaluation mode. Raises ``ConfigError`` for a network without feature maps.
    """
    x = torch.from_numpy(network_input([crop], spec)).requires_grad_()  # (1, C, S, S)
    maps: list[Tensor] = []

    def keep(module: nn.Module, inputs: Any, output: Any) -> None:
        if isinstance(output, Tensor) and output.ndim == 4 and output[0, 0].numel() > 1:
            maps[:] = [output]

    with ExitStack() as hooks, torch.enable_grad():
        for module in network.modules():
            hooks.callback(module.register_forward_hook(keep).remove)
        features = network.features(x)
        logits = network.head(features)[0]  # (K,)
        slopes = None
        if maps and logits.requires_grad:
            slopes = torch.autograd.grad(logits.max(), maps[0], allow_unused=True)[0]
    if slopes is None:
        raise ConfigError(
            f"{spec.name} has no feature maps for Grad-CAM: choose --explain-with occlusion"
        )
    weights = slopes.mean((2, 3), keepdim=True)  # (1, C, 1, 1)
    cam = (weights * maps[0]).sum(1)[0].relu()  # (h, w)
    cam = cam / cam.max().clamp_min(1e-12)
    return from_network_input(cam.detach().numpy(), spec, (crop.shape[0], crop.shape[1]))
