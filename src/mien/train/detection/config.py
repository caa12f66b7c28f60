"""``DetectorConfig``: the keys of a detector's recipe, and which of them exclude each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

from mien.train.config import BaseConfig
from mien.train.ranges import (
    Count,
    CountOrZero,
    NotNegative,
    Positive,
    Share,
    Side,
    below,
    one_of,
    whole,
)

STAGES = {"resnet50": 5, "resnext101_32x8d": 5, "mobilenet_v3_large": 5}
"""Stages of each backbone that can be frozen: the stem, then one stage per stride."""
WITH_COCO = ("resnet50", "mobilenet_v3_large")
"""Backbones for which torchvision publishes a detector trained on COCO."""
MAX_ANCHOR, MAX_FACTOR = 1 << 14, 100
"""Pixels of the largest anchor, and the largest factor of zoom, scales and ratios."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorConfig(BaseConfig):
    """One training run of a face detector; ``BaseConfig`` has the keys shared with classifiers.

    It learns from square views: random crops of the resized pictures. Lengths are pixels of a view.
    """

    noun = "face detector"
    memory_keys = "view or proposals"

    task: Annotated[str, one_of("detection")] = "detection"
    """Marks the recipe as a detector's."""

    # --- data ---
    dataset: str = "auto"
    """Registered name of a reader of whole pictures with marked faces."""
    splits: str = "random:90/10"
    valid_split: str | None = "valid"

    # --- network ---
    architecture: Annotated[str, one_of("faster_rcnn")] = "faster_rcnn"
    """``faster_rcnn`` (Ren et al. 2015), on a feature pyramid (Lin et al. 2017)."""
    backbone: Annotated[str, one_of(*STAGES)] = "resnet50"
    """``resnet50``, ``resnext101_32x8d`` or ``mobilenet_v3_large``."""
    weights: str | None = None
    """Initial weights: ``coco`` (the whole detector) or ``imagenet`` (the backbone), both
    downloaded; a local file of either; the folder of a run; ``None``: random."""
    frozen_stages: CountOrZero = 0
    """Keep the initial weights of the first N stages of the backbone."""
    norm: Annotated[str, one_of("batch", "frozen")] = "batch"
    """Batch normalisation: ``batch``, or ``frozen``: keep the statistics and scales of the initial
    weights."""
    strides: tuple[int, ...] = (4, 8, 16, 32)
    """Strides of the backbone's levels that the pyramid uses; it adds one more, twice as coarse."""
    channels: Annotated[int, whole(1, 4096)] = 256
    """Channels of every level of the pyramid."""
    anchor_sizes: tuple[int, ...] = (12, 24, 48, 96, 192)
    """Side of the smallest anchor of each level of the pyramid, finest level first."""
    anchor_scales: tuple[float, ...] = (1.0, 1.26, 1.59)
    """Each level has anchors of these multiples of its size (RetinaNet, Lin et al. 2017)."""
    anchor_ratios: tuple[float, ...] = (1.25,)
    """Height / width of the anchors: faces are taller than wide."""
    proposals: Count = 300
    """Maximum number of boxes per picture that the first stage passes to the second."""
    box_samples: Count = 128
    """Number of these boxes per picture that the second stage learns from."""
    nms: Share = 0.4
    """Of two boxes that overlap by more than this IoU, the one with the lower score is dropped."""
    score_threshold: Share = 0.5
    """Default score threshold: boxes below it do not count as faces."""

    # --- network input ---
    short_side: Side = 640
    """In use, the shorter side of a picture is resized to this length …"""
    long_side: Side = 1067
    """… unless the longer side would exceed this one."""
    view: Side = 512
    """Side of the square views to learn from, a multiple of 32."""
    min_face: NotNegative = 8.0
    """Faces in a view smaller than this are ignored: neither faces to find nor background."""

    # --- augmentation, drawn anew for every picture and epoch ---
    zoom: tuple[float, ...] = (0.5, 2.0)
    """The picture is resized as in use, times a factor between these two (uniform on a log scale);
    then a view is cropped at random, padded if necessary."""
    colour: Share = 0.2
    """Change brightness, contrast and saturation by up to this share."""
    grey: Share = 0.1
    """Share of the pictures that are turned to grey."""

    # --- optimisation ---
    epochs: Count = 24
    batch_size: Count = 8
    lr: Positive = 0.01
    weight_decay: NotNegative = 1e-4
    schedule: Annotated[str, one_of("cosine", "onecycle", "constant")] = "cosine"
    warmup: Share = 0.05
    grad_clip: NotNegative = 10.0
    ema: Annotated[float, below(1)] = 0.0
    validate_every: Count = 1
    """Validate every N epochs, and always after the last one."""
    workers: CountOrZero = 0
    """Threads that decode and augment pictures; 0: the one that trains does it."""
    precision: Annotated[str, one_of("auto", "fp32", "bf16")] = "fp32"

    def conflicts(self) -> Iterator[str]:
        """One sentence for each combination of keys that cannot work."""
        yield from _shapes(self)
        yield from _combinations(self)


def _shapes(config: DetectorConfig) -> Iterator[str]:
    """Lists and sizes that do not fit each other."""
    if config.view % 32:
        yield f"view ({config.view}) must be a multiple of 32"
    if config.short_side > config.long_side:
        yield "short_side must not be larger than long_side"
    strides, sizes = config.strides, config.anchor_sizes
    doubling = all(2 * a == b for a, b in pairwise(strides))
    if not strides or strides[-1] != 32 or strides[0] < 4 or not doubling:
        yield "strides must end in 32, each twice the one before, such as [8, 16, 32]"
    if len(sizes) != len(strides) + 1:
        yield (
            f"anchor_sizes must have one side for each of the {len(strides) + 1} levels of the "
            "pyramid: one per stride, and one for the coarser level that is added"
        )
    if not 1 <= min(sizes, default=0) <= max(sizes) <= MAX_ANCHOR or list(sizes) != sorted(sizes):
        yield f"anchor_sizes must be positive, at most {MAX_ANCHOR}, the smallest first"
    for key, values in (
        ("anchor_scales", config.anchor_scales),
        ("anchor_ratios", config.anchor_ratios),
    ):
        if not 1 / MAX_FACTOR <= min(values, default=0) <= max(values) <= MAX_FACTOR:
            yield f"{key} must be positive, one or more, from {1 / MAX_FACTOR} to {MAX_FACTOR}"
    least, most = config.zoom if len(config.zoom) == 2 else (0, 0)
    if not 1 / MAX_FACTOR <= least <= most <= MAX_FACTOR:
        yield (
            "zoom must be the smallest and the largest factor, such as [0.5, 2.0], "
            f"from {1 / MAX_FACTOR} to {MAX_FACTOR}"
        )
    if config.frozen_stages > STAGES[config.backbone]:
        yield f"frozen_stages must be at most {STAGES[config.backbone]} for {config.backbone}"


def _combinations(config: DetectorConfig) -> Iterator[str]:
    """Keys that exclude each other, with the reason."""
    if config.weights is None:
        if config.frozen_stages:
            yield "frozen_stages keeps pretrained weights fixed: set weights"
        if config.norm == "frozen":
            yield "norm frozen keeps pretrained statistics fixed: set weights"
    if config.weights == "coco" and config.backbone not in WITH_COCO:
        yield (
            f"torchvision publishes no COCO detector with {config.backbone}: "
            "set weights to imagenet, or give a file"
        )
    if config.limit is not None and config.limit < config.batch_size:
        yield f"limit ({config.limit}) must not be below batch_size ({config.batch_size})"
