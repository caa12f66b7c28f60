"""The optimiser of a recipe, and its regularisation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from mien.train.config import BaseConfig


def decayed(net: nn.Module) -> list[nn.Parameter]:
    """Kernels and matrices, which L1 and L2 penalise; not biases or normalisation."""
    return [p for p in net.parameters() if p.ndim > 1]


def make_optimizer(
    net: nn.Module,
    config: BaseConfig,
    graph_device: torch.device | None = None,
    factors: Mapping[nn.Parameter, float] | None = None,
) -> Optimizer:
    """SGD with Nesterov momentum, Adam, or AdamW, in groups with and without weight decay.

    ``factors``: of the learning rate of single weights; others have 1. Each factor makes two
    groups. With ``graph_device`` a step can be captured as a CUDA graph: the learning rates are
    numbers on that GPU, which ``set_rate`` changes between replays.
    """
    graphed = graph_device is not None
    groups: list[dict[str, Any]] = []
    factors = factors or {}
    penalised = set(decayed(net))
    for factor in sorted({1.0, *factors.values()}, reverse=True):
        own = [p for p in net.parameters() if factors.get(p, 1.0) == factor]
        for kept, decay in ((True, config.weight_decay), (False, 0.0)):
            lr: Any = config.lr * factor
            groups.append(
                {
                    "params": [p for p in own if (p in penalised) == kept],
                    "weight_decay": decay,
                    "lr": torch.tensor(lr, device=graph_device) if graphed else lr,
                    FACTOR: factor,
                }
            )
    # Fused optimisers pass over the weights once, which makes small networks faster.
    if config.optimizer == "adam":
        return torch.optim.Adam(groups, fused=True, capturable=graphed)
    if config.optimizer == "adamw":
        return torch.optim.AdamW(groups, fused=True, capturable=graphed)
    # Not fused elsewhere: PyTorch's fused SGD fails on weights that were frozen at first.
    return torch.optim.SGD(
        groups,
        lr=config.lr,
        momentum=config.momentum,
        nesterov=config.momentum > 0,
        fused=True if graphed else None,
    )


def set_rate(optimizer: Optimizer, rate: float) -> None:
    """Set the learning rate of every group: ``rate`` times the group's factor."""
    for group in optimizer.param_groups:
        own = rate * group[FACTOR]
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(own)
        else:
            group["lr"] = own


FACTOR = "rate_factor"
"""Key of a group: what the learning rate is multiplied by. Older checkpoints lack it."""
_OWN = ("lr", "fused", "foreach", "capturable", FACTOR)
"""Options of a group that belong to the machine or the recipe, not to the state of the run."""


def optimizer_state(optimizer: Optimizer) -> dict[str, Any]:
    """The state for a checkpoint: it does not depend on how the optimiser computes."""
    state = optimizer.state_dict()
    groups = [{**group, "lr": float(group["lr"])} for group in state["param_groups"]]
    return {**state, "param_groups": groups}


def load_optimizer_state(optimizer: Optimizer, state: Mapping[str, Any]) -> None:
    """Take over a checkpoint's state, but not how its optimiser computed."""
    groups = [
        {**saved, **{key: group[key] for key in _OWN if key in group}}
        for saved, group in zip(state["param_groups"], optimizer.param_groups, strict=True)
    ]
    optimizer.load_state_dict({**state, "param_groups": groups})
    for group, loaded in zip(groups, optimizer.param_groups, strict=True):
        loaded["lr"] = group["lr"]  # the very tensor, of which load_state_dict makes a copy


def l1_norm(net: nn.Module) -> Tensor:
    """Sum of the absolute values of the ``decayed`` weights."""
    return torch.stack([p.abs().sum() for p in decayed(net)]).sum()
