"""``DetectorConfig``: everything that the recipe of a face detector can say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mien.errors import ConfigError
from mien.train.detection.checks import problems
from mien.train.settings import from_plain, to_plain


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorConfig:
    """One training run of a face detector. Lengths are pixels of the view that is learned from."""

    name: str
    """Name of the model that comes out."""
    task: str = "detection"
    """Tells this recipe from a classifier's."""
    description: str = ""
    """One sentence for people."""

    # --- data ---
    dataset: str = "coco"
    """Registered name of a reader of pictures with marked faces."""
    dataset_options: tuple[str, ...] = ()
    """The reader's own options, each ``key=value``."""
    splits: str = "random:90/10"
    """``official``, or how ``splits_from`` is divided at random into train and valid."""
    splits_from: str = "train"
    """The split that is divided; the others stay as they are."""
    splits_seed: int = 0
    """Of that division alone, so that runs of several seeds share it."""
    train_split: str = "train"
    """Learned from."""
    valid_split: str | None = "valid"
    """Measured and never learned from; ``None`` (in TOML ""): no validation."""
    limit: int | None = None
    """Use the first so many pictures of each split: for a quick trial only."""

    # --- network ---
    architecture: str = "faster_rcnn"
    """Ren et al. 2015, on a feature pyramid (Lin et al. 2017)."""
    backbone: str = "resnet50"
    """``resnet50``, ``resnext101_32x8d`` or ``mobilenet_v3_large``."""
    weights: str | None = None
    """Where it starts: ``coco`` (the whole detector) or ``imagenet`` (the backbone), both fetched;
    a local file of either; or ``None``: at random."""
    frozen_stages: int = 0
    """So many first stages of the backbone keep the weights that they start with."""
    norm: str = "batch"
    """``batch``, or ``frozen``: statistics and scales of the loaded weights stay as they are."""
    strides: tuple[int, ...] = (4, 8, 16, 32)
    """Levels of the backbone that the pyramid stands on; one more, twice as coarse, is added."""
    channels: int = 256
    """Of every level of the pyramid."""
    anchor_sizes: tuple[int, ...] = (12, 24, 48, 96, 192)
    """Side of the smallest anchor of each level of the pyramid, the finest level first."""
    anchor_scales: tuple[float, ...] = (1.0, 1.26, 1.59)
    """Every level has its anchor at these multiples (Lin et al. 2017, RetinaNet)."""
    anchor_ratios: tuple[float, ...] = (1.25,)
    """Height through width of the anchors: faces are taller than wide."""
    proposals: int = 300
    """Boxes that the first stage hands to the second, at most, a picture."""
    box_samples: int = 128
    """Of them so many are learned from, a picture."""
    nms: float = 0.4
    """Overlap (IoU) above which the lower-scored of two boxes goes."""
    score_threshold: float = 0.5
    """Below it a box is no face, unless the user says otherwise."""

    # --- network input ---
    short_side: int = 640
    """In use, the shorter side of a picture becomes so many pixels …"""
    long_side: int = 1067
    """… unless the longer one would exceed this."""
    view: int = 512
    """Side of the square views that are learned from, a multiple of 32."""
    min_face: float = 8.0
    """Faces of a view below this side are neither to be found nor background."""

    # --- augmentation, drawn anew for every picture and epoch ---
    flip: bool = True
    """Mirror half of the pictures."""
    zoom: tuple[float, ...] = (0.5, 2.0)
    """The picture as in use is resized by a factor between these two (drawn on a log scale); a
    view of it is cropped, or padded, at random."""
    colour: float = 0.2
    """Brightness, contrast and saturation change by up to so much, of 1."""
    grey: float = 0.1
    """Share of the pictures that lose their colour."""

    # --- optimisation ---
    epochs: int = 24
    batch_size: int = 8
    optimizer: str = "sgd"
    """``sgd`` (Nesterov), ``adam`` or ``adamw``."""
    lr: float = 0.01
    """Peak learning rate."""
    momentum: float = 0.9
    """Of ``sgd``."""
    weight_decay: float = 1e-4
    """L2, on the weights of convolutions and linear layers alone."""
    schedule: str = "cosine"
    """``cosine`` (linear warm-up, then cosine to 0), ``onecycle`` or ``constant``."""
    warmup: float = 0.05
    """Share of the steps until the peak learning rate."""
    grad_clip: float = 10.0
    """Gradients are scaled down to this norm; 0: never."""
    ema: float = 0.0
    """Decay a step of the averaged weights, which are then the ones kept; 0: none."""
    validate_every: int = 1
    """Epochs between two looks at ``valid_split``; the last epoch always looks."""
    workers: int = 0
    """Processes that decode and augment; 0: this one does."""
    seed: int = 0
    """Of every random draw: first weights, order, augmentation."""
    precision: str = "fp32"
    """``fp32``, or ``bf16`` (autocast; for GPUs that have it)."""

    def __post_init__(self) -> None:
        found = problems(self)
        if found:
            raise ConfigError(f"recipe {self.name!r}: " + "; ".join(found))

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; ``from_dict`` reads it back to an equal config."""
        return to_plain(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], where: str = "recipe") -> DetectorConfig:
        """Build and check a config; ``where`` names its origin in ``ConfigError`` messages."""
        return from_plain(cls, values, where)
