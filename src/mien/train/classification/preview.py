"""What the network will see: pictures as a recipe augments and mixes them, drawn as in training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from mien.preprocess.network_input import resize_crops
from mien.train.classification.augment import augment, mix
from mien.train.classification.config import ClassifierConfig
from mien.train.classification.spec import input_spec


@dataclass(frozen=True, slots=True, eq=False)
class Preview:
    """M pictures and V views of each; all in [0, 1], before mean and deviation are taken out."""

    plain: NDArray[np.float32]
    """(M, S, S, C) as inference sees them, S = ``ClassifierConfig.input_size``."""
    views: NDArray[np.float32]
    """(M, V, S, S, C) as the network sees them in training."""
    mixed: NDArray[np.float32]
    """(V,) share of another picture that is mixed into those of each view, 0: not mixed."""


def preview(
    images: Sequence[NDArray[np.uint8]],
    config: ClassifierConfig,
    views: int = 9,
    others: Sequence[NDArray[np.uint8]] = (),
) -> Preview:
    """Make views of pictures of any size by the functions, and in the order, of a training step.

    The pictures are a batch, together with the ``others``, which are not shown: where the recipe
    mixes, they are mixed with one another. The recipe's seed draws.
    """
    m = len(images)
    spec = input_spec(config, ("any",))
    whole = resize_crops([*images, *others], spec)  # (N, R, R, C)
    cut = (whole.shape[1] - spec.input_size) // 2
    centre = whole[:, cut : cut + spec.input_size, cut : cut + spec.input_size]
    x = torch.from_numpy(whole).permute(0, 3, 1, 2).float() / 255  # (N, C, R, R)
    generator = torch.Generator().manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    seen, mixed = [], []
    for _ in range(views):
        view = augment(x, config.input_size, config, generator)
        # Labelled by its own number, a picture tells how much of which others it holds.
        view, (whose,) = mix(view, [torch.eye(len(x))], config, generator, rng)
        seen.append(view[:m].permute(0, 2, 3, 1).numpy())  # (M, S, S, C)
        mixed.append(float(1 - whose.diagonal().min()))
    plain = (centre[:m] / 255).astype(np.float32)
    return Preview(plain, np.stack(seen, axis=1), np.array(mixed, np.float32))
