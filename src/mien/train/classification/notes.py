"""What the user should know about a run before its first epoch."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from mien.datasets.crops.balance import uneven_classes
from mien.train.classification.config import ClassifierConfig
from mien.train.classification.tensors import TensorSplit


def notes_about(
    config: ClassifierConfig,
    labels: Sequence[str],
    data: TensorSplit,
    valid: TensorSplit | None,
) -> tuple[str, ...]:
    """A sentence each about the recipe and about its pictures for training and validation."""
    notes = [*_without_face(data, config.train_split)]
    if valid is not None:
        notes += _without_face(valid, str(config.valid_split))
    if data.dropped:
        total = len(data) + len(data.unreadable) + data.dropped
        notes.append(
            f"ferplus_drop leaves out {data.dropped:,} of {total:,} pictures, in which FER+ voters "
            "see no face or no known expression"
        )
    notes += _missing(data, config.train_split, "the model cannot learn")
    if valid is not None:
        notes += _missing(valid, str(config.valid_split), "validation says nothing about")
    if len(labels) == 1:
        notes.append(f"{labels[0]!r} is the only label: every picture will get it")
    notes += _uneven(data, config, labels)
    if 0 < config.epochs <= config.freeze_epochs:
        notes.append("only the last layer is trained, as freeze_epochs says")
    return tuple(notes)


def _without_face(split: TensorSplit, name: str) -> list[str]:
    """A sentence if no face was found in some photos of the split ``name``."""
    if not split.no_face:
        return []
    total = len(split) + len(split.unreadable)
    return [f"split {name!r}: no face was found in {split.no_face:,} of {total:,} photos"]


def _uneven(data: TensorSplit, config: ClassifierConfig, labels: Sequence[str]) -> list[str]:
    """A sentence if some classes have few pictures, or far fewer than others."""
    counts = torch.bincount(data.labels, minlength=len(labels)).tolist()
    weighted = config.class_weights or config.sampling == "balanced"
    by_label = dict(zip(labels, counts, strict=True))
    found = uneven_classes(config.train_split, by_label, weighted)
    return [found] * bool(found)


def _missing(split: TensorSplit, name: str, therefore: str) -> list[str]:
    """A sentence if some labels have no picture in the split ``name``."""
    if not split.missing:
        return []
    labels = ", ".join(split.missing)
    return [
        f"split {name!r} has no picture of {labels} among its {len(split):,}: {therefore} "
        + ("them" if len(split.missing) > 1 else "it")
    ]
