"""From a recipe to the optimiser and its regularisation."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from mien.train.classification.config import ClassifierConfig
from mien.train.detection.config import DetectorConfig


def decayed(net: nn.Module) -> list[nn.Parameter]:
    """Kernels and matrices: what L1 and L2 shrink; never biases or normalisation."""
    return [p for p in net.parameters() if p.ndim > 1]


def make_optimizer(net: nn.Module, config: ClassifierConfig | DetectorConfig) -> Optimizer:
    """SGD with Nesterov momentum, Adam, or AdamW, in two groups: with and without weight decay."""
    groups = [
        {"params": decayed(net), "weight_decay": config.weight_decay},
        {"params": [p for p in net.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]
    # Fused: one pass over the weights instead of several, which small networks feel.
    if config.optimizer == "adam":
        return torch.optim.Adam(groups, lr=config.lr, fused=True)
    if config.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=config.lr, fused=True)
    # PyTorch's fused SGD stumbles over weights that were frozen at first.
    return torch.optim.SGD(
        groups, lr=config.lr, momentum=config.momentum, nesterov=config.momentum > 0
    )


def l1_norm(net: nn.Module) -> Tensor:
    """Sum of the absolute values of all that is ``decayed``."""
    return torch.stack([p.abs().sum() for p in decayed(net)]).sum()
