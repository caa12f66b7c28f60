"""``ClassifierConfig``: everything the recipe of a classifier can say, in one place.

A recipe is a TOML file over these fields (``mien.train.recipe`` reads it). An unknown key is
refused with the nearest known one, a value of the wrong type or range with what was expected; the
resolved recipe is saved beside the run and inside the exported model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mien.errors import ConfigError
from mien.train.classification.checks import problems
from mien.train.settings import from_plain, to_plain


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifierConfig:
    """One training run. Lengths are pixels of pictures as ``resize`` makes them, angles degrees."""

    name: str
    """Name of the model that comes out."""
    description: str = ""
    """One sentence for people."""

    # --- data ---
    dataset: str = "fer2013"
    """Registered name of the data set's reader."""
    dataset_options: tuple[str, ...] = ()
    """The reader's own options, each ``key=value``, such as ``classes=7`` of ``ferplus``."""
    splits: str = "official"
    """``official``, or how ``splits_from`` is divided at random, into train and valid (and test):
    ``random:90/10`` (per cent, stratified by class), ``random:1600/400/5000`` (pictures),
    ``subject:80/20`` (nobody is in two parts). Copies of a picture stay together."""
    splits_from: str = "train"
    """The split that is divided; the others stay as they are."""
    splits_seed: int = 0
    """Of that division alone, so that runs of several seeds share it."""
    train_split: str = "train"
    """Learned from."""
    valid_split: str | None = "public"
    """Measured after every epoch and never learned from; ``None`` (in TOML ""): no validation."""
    limit: int | None = None
    """Use the first so many pictures of each split: for a quick trial only."""
    max_per_class: int | None = None
    """Learn from at most so many pictures of each class, drawn at random once."""

    # --- sampling ---
    sampling: str = "natural"
    """``natural``: every picture once an epoch; ``balanced``: drawn so that every class is as
    likely, as many pictures as before."""
    epoch_per_class: int | None = None
    """At most so many pictures a class in an epoch, drawn anew for each."""

    # --- network ---
    architecture: str = "resnet"
    """Registered name of the network."""
    backbone: str = ""
    """Which network of timm, for the architecture ``timm``, such as ``resnet18``."""
    weights: str | None = None
    """Where the backbone starts: ``imagenet`` (fetched), a local file, or ``None``: at random."""
    freeze_epochs: int = 0
    """So many first epochs train the new last layer alone, before all is trained."""
    widths: tuple[int, ...] = (32, 64, 128, 224)
    """Channels of each stage; of the ``mlp`` its hidden layers."""
    blocks: tuple[int, ...] = (2, 2, 2, 2)
    """Blocks (of ``cnn`` and ``unet``: convolutions) of each stage."""
    hidden: tuple[int, ...] = ()
    """Fully connected layers of ``cnn`` before the last one."""
    residual_blocks: int = 0
    """Residual blocks after the last stage of ``cnn``."""
    norm: str = "batch"
    """``batch``, ``layer``, ``group`` (8 groups or fewer), or ``none``."""
    activation: str = "relu"
    """``relu``, or ``gated_tanh``: tanh(a) · sigmoid(b) (van den Oord et al. 2016)."""
    whitening: bool = False
    """ZCA whitening of the input by the training pictures (Krizhevsky 2009), inside the network."""
    stem_stride: int = 2
    """1 keeps the full resolution in the first stage, which costs four times the work."""
    squeeze_excitation: bool = False
    """Channel attention in every residual block (Hu et al. 2018)."""
    neighbours: int = 1
    """Of ``knn``."""
    dropout: float = 0.2
    """Before the last layer; of ``cnn`` and ``mlp`` after every hidden one."""
    dropblock: float = 0.0
    """Share of the feature maps that is dropped in squares (DropBlock, Ghiasi et al. 2018)."""
    stochastic_depth: float = 0.0
    """Probability of leaving out the last residual block; earlier ones less (Huang et al. 2016)."""

    # --- network input ---
    channels: int = 1
    """1: grey, 3: RGB; pictures are turned into what the network takes."""
    mean: tuple[float, ...] = (0.5,)
    """Subtracted from pixels in [0, 1]; one value, or one a channel."""
    std: tuple[float, ...] = (0.25,)
    """Divides after ``mean``."""
    resize: int = 48
    """Face crops are resized to this side; the network sees the centre of it."""
    input_size: int = 44
    """Side of the network's input."""
    size_schedule: tuple[tuple[float, int], ...] = ()
    """Smaller inputs early on: pairs of (share of the epochs, input side), in order; the rest of
    the epochs runs at ``input_size``. (Progressive resizing, Howard 2018.)"""

    # --- augmentation, drawn anew for every picture and epoch ---
    flip: bool = True
    """Mirror half of the pictures."""
    rotation: float = 15.0
    """Up to so many degrees to either side."""
    scale: float = 0.15
    """Zoom by a factor from 1 - scale to 1 + scale."""
    shift: float = 4.0
    """Up to so many pixels (of ``resize``) in each direction."""
    shear: float = 0.0
    """Slants upright lines by up to so many degrees to either side."""
    crop: float = 0.0
    """The view is a square of 1 - crop to 1 of its side, anywhere inside it."""
    brightness: float = 0.0
    """Adds up to so much, of a range of 1."""
    contrast: float = 0.0
    """Multiplies the distance from the mean by 1 - contrast to 1 + contrast."""
    noise: float = 0.0
    """Standard deviation of Gaussian noise, of a range of 1: drawn from 0 up to it."""
    blur: float = 0.0
    """Standard deviation of a Gaussian blur, pixels: drawn from 0 up to it."""
    erasing: float = 0.25
    """Probability that a rectangle of 2 to 20 % of the picture is blanked (Zhong et al. 2020)."""
    mixup: float = 0.0
    """Beta(α, α) of mixup (Zhang et al. 2018); 0: never."""
    cutmix: float = 0.0
    """Beta(α, α) of CutMix (Yun et al. 2019); 0: never. With mixup, each takes half the batches."""
    mix_probability: float = 1.0
    """Share of the batches that are mixed at all."""
    weak_epochs: int = 0
    """So many last epochs run without erasing and mixing, at half the geometric augmentation."""

    # --- loss ---
    loss: str = "cross_entropy"
    """``cross_entropy`` (soft labels where the data set has them), ``focal`` (Lin et al. 2017), or
    ``svm``: one-against-all squared hinge, L2-SVM (Tang 2013)."""
    focal_gamma: float = 2.0
    """How much ``focal`` plays down pictures that are easy; 0 is cross-entropy."""
    class_weights: bool = False
    """Weigh every picture by the inverse frequency of its class, mean 1 over the pictures."""
    label_smoothing: float = 0.1
    """Share of every label that is spread over all classes (Szegedy et al. 2016)."""
    ferplus_weight: float = 0.0
    """Weight of an auxiliary head that learns the FER+ votes of the same pictures as soft labels
    (Barsoum et al. 2016); the head is dropped on export. Data without votes trains without it."""
    affect_weight: float = 0.0
    """Weight of a head that learns valence and arousal: 1 - CCC (Lin 1989). It helps the features
    and is measured on the validation split; dropped on export."""
    teacher: str | None = None
    """A finished run to distil from (Hinton et al. 2015); both networks see the same view."""
    needs_teacher: bool = False
    """Refuse to train without ``teacher``: for recipes that make no sense without one."""
    distill_weight: float = 0.7
    """Share of the distillation loss; the rest is the loss against the labels."""
    distill_temperature: float = 3.0
    """Divides both networks' logits, so that the teacher's small probabilities count."""

    # --- optimisation ---
    epochs: int = 60
    batch_size: int = 128
    """Pictures a step; the odd rest of a shuffled epoch is left out."""
    optimizer: str = "sgd"
    """``sgd`` (Nesterov), ``adam`` (Kingma and Ba 2015) or ``adamw`` (Loshchilov, Hutter 2019)."""
    lr: float = 0.1
    """Peak learning rate."""
    momentum: float = 0.9
    """Of ``sgd``."""
    weight_decay: float = 5e-4
    """L2, on the weights of convolutions and linear layers alone."""
    l1: float = 0.0
    """Weight of the sum of those weights' absolute values, added to the loss."""
    schedule: str = "onecycle"
    """``onecycle`` (Smith and Topin 2018), ``cosine`` (linear warm-up, then cosine to 0),
    ``constant``, or ``plateau``: times ``plateau_factor`` where validation stands still."""
    warmup: float = 0.2
    """Share of the steps until the peak learning rate."""
    plateau_patience: int = 3
    """Epochs without a lower validation loss until ``plateau`` lowers the rate."""
    plateau_factor: float = 0.3
    """What it multiplies the rate by."""
    patience: int = 0
    """Stop after so many epochs without a lower validation loss and keep the best epoch's weights;
    0: run all epochs and keep the last."""
    grad_clip: float = 2.0
    """Gradients are scaled down to this norm; 0: never."""
    ema: float = 0.999
    """Decay a step of the averaged weights, which are the ones reported and exported; 0: none.
    The average begins with the first step's weights: it lags by about 1 / (1 - ema) steps, so runs
    of fewer steps than that need a lower one."""
    seed: int = 0
    """Of every random draw: first weights, order, augmentation, dropout."""
    precision: str = "fp32"
    """``fp32``; ``bf16`` (autocast; for GPUs that have it); ``fp16`` (with loss scaling; GPU)."""

    def __post_init__(self) -> None:
        found = problems(self)
        if found:
            raise ConfigError(f"recipe {self.name!r}: " + "; ".join(found))

    def check_teacher(self) -> None:
        """Raise ``ConfigError`` where a teacher is needed and none is named.

        Not part of every config's checks, since a recipe cannot know where its reader's runs are.
        """
        if self.needs_teacher and self.teacher is None:
            raise ConfigError(
                f"the recipe {self.name!r} distils a teacher: train one first, for example with "
                "'mien train se_resnet18', then give its run with --teacher RUN"
            )

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; ``from_dict`` reads it back to an equal config."""
        return to_plain(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], where: str = "recipe") -> ClassifierConfig:
        """Build and check a config; ``where`` names its origin in ``ConfigError`` messages."""
        return from_plain(cls, values, where)
