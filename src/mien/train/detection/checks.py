"""What a detector's recipe must not say: values out of range, and what cannot work together."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from mien.train.ranges import out_of_range

if TYPE_CHECKING:
    from mien.train.detection.config import DetectorConfig

STAGES = {"resnet50": 5, "resnext101_32x8d": 5, "mobilenet_v3_large": 5}
"""Stages of each backbone that can be frozen: the stem and what follows it, at every stride."""
WITH_COCO = ("resnet50", "mobilenet_v3_large")
"""Backbones of the detectors that torchvision has weights of."""

CHOICES = {
    "task": ("detection",),
    "architecture": ("faster_rcnn",),
    "backbone": tuple(STAGES),
    "norm": ("batch", "frozen"),
    "optimizer": ("sgd", "adam", "adamw"),
    "schedule": ("cosine", "onecycle", "constant"),
    "precision": ("fp32", "bf16"),
}
POSITIVE = (
    "channels", "proposals", "box_samples", "short_side", "long_side", "view", "epochs",
    "batch_size", "lr", "validate_every",
)  # fmt: skip
SHARES = ("nms", "score_threshold", "colour", "grey", "warmup")
NOT_NEGATIVE = (
    "frozen_stages", "min_face", "momentum", "weight_decay", "grad_clip", "workers", "seed",
    "splits_seed",
)  # fmt: skip


def problems(config: DetectorConfig) -> list[str]:
    """One sentence for everything that is wrong with ``config``; empty where it can be trained."""
    found = list(_values(config))
    return found or [*_shapes(config), *_combinations(config)]


def _values(config: DetectorConfig) -> Iterator[str]:
    """Single values out of their range."""
    return out_of_range(
        config,
        choices=CHOICES,
        positive=POSITIVE,
        shares=SHARES,
        not_negative=NOT_NEGATIVE,
        positive_or_none=("limit",),
        listed=(*config.anchor_scales, *config.anchor_ratios, *config.zoom),
    )


def _shapes(config: DetectorConfig) -> Iterator[str]:
    """Lists whose lengths, and sides whose sizes, do not fit each other."""
    if config.view % 32:
        yield f"view ({config.view}) must be a multiple of 32"
    if config.short_side > config.long_side:
        yield "short_side must not be larger than long_side"
    strides = config.strides
    if not strides or strides[-1] != 32 or strides[0] < 4 or _not_doubling(strides):
        yield "strides must end in 32, each twice the one before, such as [8, 16, 32]"
    if len(config.anchor_sizes) != len(strides) + 1:
        yield (
            f"anchor_sizes must have one side for each of {len(strides) + 1} levels of the "
            "pyramid: one a stride, and one for the coarser level that is added"
        )
    if min(config.anchor_sizes, default=0) < 1 or list(config.anchor_sizes) != sorted(
        config.anchor_sizes
    ):
        yield "anchor_sizes must be positive, the smallest first"
    for key in ("anchor_scales", "anchor_ratios"):
        if min(getattr(config, key), default=0) <= 0:
            yield f"{key} must be positive, one or more"
    if len(config.zoom) != 2 or not 0 < config.zoom[0] <= config.zoom[1]:
        yield "zoom must be the smallest and the largest factor, such as [0.5, 2.0]"
    if config.frozen_stages > STAGES[config.backbone]:
        yield f"{config.backbone} has {STAGES[config.backbone]} stages that frozen_stages can count"


def _not_doubling(strides: tuple[int, ...]) -> bool:
    return any(2 * a != b for a, b in pairwise(strides))


def _combinations(config: DetectorConfig) -> Iterator[str]:
    """Keys that exclude each other, with the reason."""
    if config.weights is None:
        if config.frozen_stages:
            yield "frozen_stages keeps what a backbone has learned: it needs weights"
        if config.norm == "frozen":
            yield "norm frozen keeps what a backbone has learned: it needs weights"
    if config.weights == "coco" and config.backbone not in WITH_COCO:
        yield (
            f"torchvision has no detector on COCO with {config.backbone}: "
            "set weights to imagenet, or give a file"
        )
    if config.limit is not None and config.limit < config.batch_size:
        yield f"limit ({config.limit}) must not be below batch_size ({config.batch_size})"
