"""A run whose numbers are none any more ends, and keeps what it had before."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor, nn

from mien.errors import TrainingError


def check_losses(losses: Tensor, epoch: int, lr: float, run: Path) -> None:
    """Raise ``TrainingError`` where one of an epoch's ``losses`` until now is no number."""
    if not bool(losses.isfinite().all()):
        batch = int((~losses.isfinite()).nonzero()[0])
        raise _diverged(f"the loss is no number in epoch {epoch + 1}, batch {batch + 1}", lr, run)


def check_weights(net: nn.Module, epoch: int, lr: float, run: Path) -> None:
    """Refuse to store weights that the epoch's last step has spoilt: no loss has seen them."""
    if not all(bool(value.isfinite().all()) for value in net.state_dict().values()):
        raise _diverged(f"the weights are no numbers after epoch {epoch + 1}", lr, run)


def _diverged(what: str, lr: float, run: Path) -> TrainingError:
    return TrainingError(
        f"{what}: lower lr ({lr}) and start anew in another folder; {run} keeps the last whole "
        "epoch"
    )
