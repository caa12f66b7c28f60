"""What a recipe must not say: values out of range, and combinations that cannot work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mien.train.ranges import out_of_range

if TYPE_CHECKING:
    from mien.train.classification.config import ClassifierConfig

CHOICES = {
    "sampling": ("natural", "balanced"),
    "norm": ("batch", "layer", "group", "none"),
    "activation": ("relu", "gated_tanh"),
    "loss": ("cross_entropy", "focal", "svm"),
    "optimizer": ("sgd", "adam", "adamw"),
    "schedule": ("onecycle", "cosine", "constant", "plateau"),
    "precision": ("fp32", "bf16", "fp16"),
}
POSITIVE = (
    "epochs", "batch_size", "lr", "input_size", "resize", "distill_temperature", "neighbours",
    "plateau_patience",
)  # fmt: skip
SHARES = (
    "dropout", "dropblock", "stochastic_depth", "erasing", "mix_probability", "label_smoothing",
    "warmup", "distill_weight",
)  # fmt: skip
NOT_NEGATIVE = (
    "rotation", "scale", "shift", "brightness", "contrast", "noise", "blur", "mixup", "cutmix",
    "weight_decay", "l1", "momentum", "grad_clip", "ferplus_weight", "affect_weight", "weak_epochs",
    "freeze_epochs", "residual_blocks", "focal_gamma", "patience", "seed", "splits_seed",
)  # fmt: skip
FITTED = ("knn", "majority")
"""Architectures that remember the training pictures instead of descending a gradient."""
WITHOUT = {
    "dropblock": ("mlp", "timm", *FITTED),
    "stochastic_depth": ("mlp", "unet", *FITTED),
    "hidden": ("mlp", "resnet", "timm", "unet", *FITTED),
    "residual_blocks": ("mlp", "resnet", "timm", "unet", *FITTED),
}
"""Mien's own architectures that would pass a key over in silence."""
LARGEST_WHITENED = 64 * 64
"""Values of a picture: ZCA's matrix has the square of it."""


def problems(config: ClassifierConfig) -> list[str]:
    """One sentence for everything that is wrong with ``config``; empty where it can be trained."""
    found = [*_values(config), *_shapes(config)]
    return found or list(_combinations(config))


def _values(config: ClassifierConfig) -> Iterator[str]:
    """Single values out of their range."""
    yield from out_of_range(
        config,
        choices=CHOICES,
        positive=POSITIVE,
        shares=SHARES,
        not_negative=NOT_NEGATIVE,
        positive_or_none=("limit", "max_per_class", "epoch_per_class"),
        listed=(*config.mean, *config.std),
    )
    if not 0 < config.plateau_factor < 1:
        yield "plateau_factor must be between 0 and 1"
    if config.scale >= 1 or config.crop >= 1 or config.crop < 0:
        yield "scale must be below 1, and crop in [0, 1)"
    if not 0 <= config.shear < 60:
        yield "shear must be in [0, 60) degrees"
    if config.stem_stride not in (1, 2):
        yield "stem_stride must be 1 or 2"
    if config.channels not in (1, 3):
        yield "channels must be 1 or 3"


def _shapes(config: ClassifierConfig) -> Iterator[str]:
    """Lists whose lengths, and sides whose sizes, do not fit each other."""
    sizes = [config.input_size, *(side for _, side in config.size_schedule)]
    shares = [share for share, _ in config.size_schedule]
    if config.input_size > config.resize:
        yield "input_size must not be larger than resize"
    if (config.resize - config.input_size) % 2 == 1:
        yield "resize - input_size must be even"
    if min(sizes) < 8:
        yield "input_size and sizes of size_schedule must be 8 pixels or more"
    if min(shares, default=0) < 0 or sum(shares) > 1:
        yield "shares of size_schedule exceed 1"
    if config.architecture in ("resnet", "cnn", "unet") and len(config.widths) != len(
        config.blocks
    ):
        yield "widths and blocks need one value a stage each"
    if not config.widths or min(config.widths) < 1:
        yield "widths must be positive, one a stage"
    if min((*config.blocks, *config.hidden), default=1) < 1:
        yield "blocks and hidden must be positive"
    for key in ("mean", "std"):
        if len(getattr(config, key)) not in (1, config.channels):
            yield f"{key} must have one value, or one for each of {config.channels} channels"
    if 0 in config.std:
        yield "std must not be 0"
    by_batches = config.architecture not in FITTED
    if by_batches and config.limit is not None and config.limit < config.batch_size:
        yield f"limit ({config.limit}) must not be below batch_size ({config.batch_size})"


def _combinations(config: ClassifierConfig) -> Iterator[str]:
    """Keys that exclude each other, with the reason."""
    if config.valid_split is None:
        if config.schedule == "plateau":
            yield "schedule plateau watches validation: give a valid_split"
        if config.patience:
            yield "patience watches validation: give a valid_split"
    if config.loss == "svm":
        if config.label_smoothing:
            yield "loss svm takes hard labels: set label_smoothing to 0"
        if config.mixup or config.cutmix:
            yield "loss svm takes hard labels: set mixup and cutmix to 0"
    if config.sampling == "balanced" and config.class_weights:
        yield "sampling balanced and class_weights correct for the same thing twice: choose one"
    if config.freeze_epochs:
        if config.architecture != "timm" or config.weights is None:
            yield "freeze_epochs keeps what a backbone has learned: it needs weights"
        if config.freeze_epochs >= config.epochs:
            yield "freeze_epochs must leave an epoch for the whole network"
    if (config.architecture == "timm") != bool(config.backbone):
        yield "architecture timm and backbone come together"
    if config.weights is not None and config.architecture != "timm":
        yield "weights are for the architecture timm: others start at random"
    if config.whitening:
        values = config.channels * config.input_size**2
        if config.size_schedule:
            yield "whitening knows one input size: leave size_schedule out"
        if values > LARGEST_WHITENED:
            yield (
                f"whitening of {values} values a picture needs a matrix of {values}²: "
                "lower input_size or channels"
            )
        if config.weights is not None:
            yield "weights of a backbone were not trained on whitened input: leave one of them out"
    if config.architecture in FITTED:
        for key in ("ferplus_weight", "affect_weight", "teacher", "patience", "size_schedule"):
            if getattr(config, key):
                yield f"{config.architecture} learns nothing by steps: leave {key} out"
    for key, without in WITHOUT.items():
        if getattr(config, key) and config.architecture in without:
            yield f"{key} has no place in the architecture {config.architecture}"
    if config.stochastic_depth and config.architecture == "cnn" and not config.residual_blocks:
        yield "stochastic_depth leaves out residual blocks: this network has none"
