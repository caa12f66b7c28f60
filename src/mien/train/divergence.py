"""Stops a run whose loss or weights are not finite, before they are saved. Epochs count from 0."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from mien.errors import TrainingError


def check_losses(losses: Tensor, epoch: int, lr: float, run: Path) -> None:
    """Raise ``TrainingError`` if one of the epoch's ``losses`` so far is not finite."""
    if not bool(losses.isfinite().all()):
        batch = int((~losses.isfinite()).nonzero()[0])
        what = f"the loss is not finite in epoch {epoch + 1}, batch {batch + 1}"
        raise _diverged(what, epoch, lr, run)


def check_weights(net: nn.Module, epoch: int, lr: float, run: Path) -> None:
    """Raise ``TrainingError`` if a weight is not finite: no loss has seen the last step's."""
    if not is_finite(net):
        raise _diverged(f"weights are not finite after epoch {epoch + 1}", epoch, lr, run)


def is_finite(net: nn.Module) -> bool:
    """Whether no weight is infinite or no number."""
    finite = [value.isfinite().all() for value in net.state_dict().values()]
    return not finite or bool(torch.stack(finite).all())  # one wait for a GPU


def _diverged(what: str, epoch: int, lr: float, run: Path) -> TrainingError:
    if epoch == 0:
        return TrainingError(f"{what}: lower lr ({lr:g}); no epoch was finished, nothing was kept")
    return TrainingError(
        f"{what}: lower lr ({lr:g}) and start again in another folder; {run} keeps epoch {epoch}"
    )
