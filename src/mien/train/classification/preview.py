"""A preview of training: pictures as a recipe augments and mixes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from mien.datasets.crops.survey import CropSurvey
from mien.preprocess.network_input import resize_crops
from mien.train.classification.augment import augment
from mien.train.classification.config import ClassifierConfig
from mien.train.classification.mixing import draw_mixture, mix
from mien.train.classification.spec import input_spec


@dataclass(frozen=True, slots=True, eq=False)
class Preview:
    """M pictures and V views of each, all in [0, 1] (before normalisation)."""

    plain: NDArray[np.float32]
    """(M, S, S, C) as in inference, S = ``ClassifierConfig.input_size``."""
    views: NDArray[np.float32]
    """(M, V, S, S, C) as in training."""
    mixed: NDArray[np.float32]
    """(V,) largest share of another picture in those of each view; 0: not mixed."""


def preview_survey(survey: CropSurvey, config: ClassifierConfig) -> tuple[list[str], Preview]:
    """Labels of ``survey`` that have pictures, and views of one picture of each."""
    examples = [
        (label, picture)
        for label, picture in zip(survey.labels, survey.examples, strict=True)
        if picture is not None
    ]
    # A larger batch than is shown, so that a picture is seldom mixed with itself.
    others = [picture for row in survey.pictures for picture in row[1:]]
    made = preview([picture for _, picture in examples], config, others=others)
    return [label for label, _ in examples], made


def describe_views(config: ClassifierConfig) -> str:
    """Size, colours and mixing of the views, for a figure's title."""
    form = f"{config.input_size}×{config.input_size} {'grey' if config.channels == 1 else 'RGB'}"
    shares = {"mixup": config.mixup, "cutmix": config.cutmix}
    mixing = [name for name, share in shares.items() if share]
    if not mixing:
        return form
    return f"{form}, {config.mix_probability:.0%} of the batches mixed by {' or '.join(mixing)}"


def preview(
    images: Sequence[NDArray[np.uint8]],
    config: ClassifierConfig,
    views: int = 9,
    others: Sequence[NDArray[np.uint8]] = (),
) -> Preview:
    """Views of pictures of any size, made by the same functions in the same order as in training.

    ``images`` and ``others`` are one batch and are mixed with one another if the recipe mixes; only
    views of ``images`` are returned. Random numbers come from the recipe's seed.
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
        # One-hot labels of the picture's own number show how much of the others is mixed in.
        drawn = draw_mixture(config, config.input_size, rng)
        numbers = torch.tensor(drawn.numbers)
        view, (shares,) = mix(view, [torch.eye(len(x))], drawn.kind, numbers, generator)
        seen.append(view[:m].permute(0, 2, 3, 1).numpy())  # (M, S, S, C)
        mixed.append(float(1 - shares.diagonal().min()))
    plain = (centre[:m] / 255).astype(np.float32)
    return Preview(plain, np.stack(seen, axis=1), np.array(mixed, np.float32))
