"""``ClassifierConfig``: the keys of a classifier's recipe, and which of them exclude each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from mien.errors import ConfigError
from mien.specs.classifier import LARGEST_MEAN, STDS
from mien.specs.metadata import LARGEST_INPUT
from mien.train.config import BaseConfig
from mien.train.ranges import (
    Count,
    CountOrNone,
    CountOrZero,
    Factor,
    NotNegative,
    Positive,
    Rule,
    Share,
    Side,
    below,
    one_of,
)

FITTED = ("knn", "majority")
"""Architectures that remember the training pictures instead of descending a gradient."""
UNUSED = {
    "dropblock": ("mlp", "timm", *FITTED),
    "stochastic_depth": ("mlp", "unet", *FITTED),
    "hidden": ("mlp", "resnet", "timm", "unet", *FITTED),
    "residual_blocks": ("mlp", "resnet", "timm", "unet", *FITTED),
    "stem_width": ("cnn", "mlp", "timm", "unet", *FITTED),
    "blur_pool": ("mlp", "timm", *FITTED),
    "ranks": ("cnn", "mlp", "timm", "unet", *FITTED),
}
"""Mien's own architectures that have no use for a key."""
NETWORK = (
    "architecture", "backbone", "widths", "blocks", "hidden", "residual_blocks", "norm",
    "activation", "whitening", "stem_stride", "stem_width", "blur_pool",
    "squeeze_excitation", "ranks", "channels", "mean", "std", "resize", "input_size",
)  # fmt: skip
"""Keys that decide what trained weights compute: the network's shape and its input."""
MAX_WIDTH, MAX_BLOCKS = 1 << 16, 1000
"""Beyond them a network fits into no memory."""
MAX_WHITENED = 64 * 64
"""Values per picture that ZCA whitening accepts: its matrix has the square of that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifierConfig(BaseConfig):
    """One training run of a classifier; ``BaseConfig`` has the keys shared with detectors.

    Lengths are pixels of a picture resized to ``resize``, angles are degrees.
    """

    noun = "classifier"
    memory_keys = "widths, input_size or limit"

    # --- data ---
    dataset: str = "auto"
    splits: str = "official"
    """``official``, or how ``splits_from`` is divided at random into ``train`` and ``valid`` (and
    ``test``): ``random:90/10`` (per cent, stratified by class), ``random:1600/400/5000``
    (pictures), ``subject:80/20`` (no subject is in two parts). Copies of a picture stay
    together. ``auto``: the data's own ``valid``, or without one ``random:90/10``."""
    valid_split: str | None = "public"
    """The split to validate on after every epoch, never learned from; ``None`` (in TOML ""): no
    validation."""
    max_per_class: CountOrNone = None
    """Learn from at most N pictures of each class, drawn at random once."""

    # --- sampling ---
    sampling: Annotated[str, one_of("natural", "balanced")] = "natural"
    """``natural``: every picture once per epoch; ``balanced``: as many draws, with replacement and
    every class equally likely."""
    epoch_per_class: CountOrNone = None
    """At most N pictures per class and epoch, drawn anew for each epoch."""

    # --- network ---
    architecture: str = "resnet"
    """Registered name of the network."""
    backbone: str = ""
    """The network of timm to use, such as ``resnet18``; only with the architecture ``timm``."""
    weights: str | None = None
    """Initial weights: ``default`` (the shipped model), a run's folder, its checkpoint, or an
    ``.onnx`` file of ``mien export``; for ``timm`` also ``imagenet`` (downloaded) or a file of the
    backbone's weights; ``None`` (in TOML ""): random. A path is relative to the folder where the
    command runs."""
    network_from_weights: bool = False
    """Take the network's shape and input from the recipe that ``weights`` were trained with. The
    run's own recipe then has these keys, and this one is off."""
    freeze_epochs: CountOrZero = 0
    """Train only the last layer for the first N epochs; with ``epochs`` or more, a linear probe.
    Frozen layers keep their batch statistics."""
    freeze_statistics: bool = False
    """Batch normalisation keeps the statistics of ``weights`` while it is tuned."""
    widths: tuple[int, ...] = (32, 64, 128, 224)
    """Channels of each stage; for ``mlp`` the sizes of its hidden layers."""
    blocks: tuple[int, ...] = (2, 2, 2, 2)
    """Blocks of each stage; for ``cnn`` and ``unet`` convolutions."""
    hidden: tuple[int, ...] = ()
    """Fully connected layers of ``cnn`` before the last one."""
    residual_blocks: CountOrZero = 0
    """Residual blocks after the last stage of ``cnn``."""
    norm: Annotated[str, one_of("batch", "layer", "group", "none")] = "batch"
    """Normalisation: ``batch``, ``layer``, ``group`` (at most 8 groups) or ``none``."""
    activation: Annotated[str, one_of("relu", "gated_tanh")] = "relu"
    """``relu``, or ``gated_tanh``: tanh(a) · sigmoid(b) (van den Oord et al. 2016)."""
    whitening: bool = False
    """ZCA whitening of the input, inside the network, fitted on the training pictures (Krizhevsky
    2009)."""
    stem_stride: Annotated[int, one_of(1, 2)] = 2
    """Stride of the first convolution. 1 keeps the full resolution in the first stage, at four
    times the cost."""
    stem_width: CountOrZero = 0
    """Channels of one more 3×3 convolution before it, of stride 1, as in ResNet-C (He et al. 2019,
    "Bag of tricks"); 0: none."""
    blur_pool: bool = False
    """Anti-aliased down-sampling (BlurPool, Zhang 2019): after the stem, every convolution or
    maximum of stride 2 has stride 1, and a filter of (1, 2, 1) / 4 that halves the maps follows."""
    squeeze_excitation: bool = False
    """Channel attention in every residual block (Hu et al. 2018)."""
    ranks: tuple[tuple[int, int], ...] = ()
    """Low-rank convolutions of ``resnet``: for each 3×3 convolution of its blocks, in order, the
    channels that a 1×1 convolution before it leaves, and those that it gives to a 1×1 convolution
    after it; 0: no such convolution. ``mien compress`` chooses them."""
    neighbours: Count = 1
    """Neighbours that vote in ``knn``."""
    dropout: Share = 0.2
    """Dropout before the last layer; in ``cnn`` and ``mlp`` after every hidden layer."""
    dropblock: Share = 0.0
    """Share of the feature maps that is dropped in squares (DropBlock, Ghiasi et al. 2018)."""
    stochastic_depth: Share = 0.0
    """Probability of skipping the last residual block; earlier blocks are skipped less often
    (Huang et al. 2016)."""

    # --- network input ---
    channels: Annotated[int, one_of(1, 3)] = 1
    """Channels of the input, 1: grey, 3: RGB; pictures are converted."""
    mean: tuple[float, ...] = (0.5,)
    """Subtracted from pixels in [0, 1]; one value, or one per channel."""
    std: tuple[float, ...] = (0.25,)
    """Pixels are divided by it after ``mean`` is subtracted; one value, or one per channel."""
    resize: Side = 48
    """Side that face crops are resized to; the network sees the centre of the result."""
    input_size: Side = 44
    """Side of the network's input."""
    size_schedule: tuple[tuple[float, int], ...] = ()
    """Smaller inputs in early epochs: pairs of (share of the epochs, input side), in order; the
    remaining epochs use ``input_size``. (Progressive resizing, Howard 2018.)"""

    # --- augmentation, drawn anew for every picture and epoch ---
    rotation: NotNegative = 15.0
    """Rotate by up to this angle in either direction."""
    scale: Annotated[float, below(1)] = 0.15
    """Zoom by a factor from 1 - scale to 1 + scale."""
    shift: NotNegative = 4.0
    """Shift by up to this many pixels in each direction."""
    shear: Annotated[float, below(60)] = 0.0
    """Slant vertical lines by up to this angle in either direction."""
    crop: Annotated[float, below(1)] = 0.0
    """Crop a random square whose side is 1 - crop to 1 of the whole."""
    brightness: NotNegative = 0.0
    """Add up to this value to pixels in [0, 1], or subtract it."""
    contrast: NotNegative = 0.0
    """Multiply the distance from the mean by 1 - contrast to 1 + contrast."""
    noise: NotNegative = 0.0
    """Add Gaussian noise with a standard deviation of 0 to this value, for pixels in [0, 1]."""
    blur: NotNegative = 0.0
    """Gaussian blur with a standard deviation of 0 to this many pixels."""
    downscale: Factor = 1.0
    """Shrink by a factor of 1 to this value, and enlarge again: a face that is small in its
    photo."""
    sharp_share: Share = 0.0
    """This share of the views gets no ``noise``, ``blur`` or ``downscale``."""
    erasing: Share = 0.25
    """Probability of blanking a rectangle of 2 to 20 % of the picture (Zhong et al. 2020)."""
    mixup: NotNegative = 0.0
    """α of mixup's Beta(α, α) (Zhang et al. 2018); 0: no mixup."""
    cutmix: NotNegative = 0.0
    """α of CutMix's Beta(α, α) (Yun et al. 2019); 0: no CutMix. With both, each gets half of the
    mixed batches."""
    mix_probability: Share = 1.0
    """Share of the batches that are mixed."""
    weak_epochs: CountOrZero = 0
    """In the last N epochs there is no erasing and no mixing, and geometric augmentation has half
    its strength."""

    # --- loss ---
    loss: Annotated[str, one_of("cross_entropy", "focal", "svm")] = "cross_entropy"
    """``cross_entropy`` (with soft labels if the data set has them), ``focal`` (Lin et al. 2017),
    or ``svm``: one-against-all squared hinge, L2-SVM (Tang 2013)."""
    focal_gamma: NotNegative = 2.0
    """How strongly ``focal`` reduces the weight of easy pictures; 0 is cross-entropy."""
    class_weights: bool = False
    """Weigh every picture by the inverse frequency of its class; the mean weight is 1."""
    label_smoothing: Share = 0.1
    """Share of every label that is spread over all classes (Szegedy et al. 2016)."""
    ferplus_weight: NotNegative = 0.0
    """Weight of an auxiliary head that learns the FER+ votes of the same pictures as soft labels
    (Barsoum et al. 2016); it is dropped on export, and not used for data without votes."""
    ferplus_drop: bool = False
    """Do not learn from pictures that most FER+ voters see no face in, or an unknown expression
    (Barsoum et al. 2016); not used for data without votes."""
    ferplus_soften: Share = 0.0
    """Share of every label that is replaced by the distribution of the FER+ votes over the same
    expressions (Barsoum et al. 2016); not used for data without votes."""
    label_weight: NotNegative = 1.0
    """Weight of the loss of the labels, votes included. 0: valence and arousal alone shape the
    features, and the labels train only the last layer on them; needs ``affect_weight``."""
    affect_weight: NotNegative = 0.0
    """Weight of a head that learns valence and arousal with the loss 1 - CCC (Lin 1989). It is
    validated, and exported as a second output."""
    teacher: str | tuple[str, ...] | None = None
    """A finished run to distil from (Hinton et al. 2015), or several, whose probabilities are
    averaged; all networks see the same views, but for ``distill_sharp``."""
    needs_teacher: bool = False
    """Refuse to train without ``teacher``, for recipes that make no sense without one."""
    distill_weight: Share = 0.7
    """Share of the distillation loss; the rest is the loss against the labels."""
    distill_temperature: Positive = 3.0
    """Divides the logits of all networks, so that the teacher's small probabilities count."""
    distill_flip: bool = False
    """Average the answer to the mirror image into every teacher's, at twice the cost."""
    distill_sharp: bool = False
    """The teachers see the views without ``noise``, ``blur`` and ``downscale``; so the student
    learns to answer as if there were none, as a noisy student does (Xie et al. 2020)."""

    # --- optimisation ---
    epochs: Count = 60
    batch_size: Count = 128
    min_steps: CountOrZero = 0
    """Run for at least this many steps: ``epochs`` is raised until it does, and ``freeze_epochs``
    and ``weak_epochs`` by the same factor. It is off where ``epochs`` is set on the command line.
    The run's own recipe has the resulting numbers, and this key and the next one are 0."""
    min_steps_per_epoch: CountOrZero = 0
    """Lower ``batch_size``, to 4 at most, until an epoch has this many steps."""
    lr: Positive = 0.1
    layer_decay: Annotated[
        float, Rule(lambda value: 0 < value <= 1, "be above 0 and at most 1")
    ] = 1.0
    """The learning rate of each layer is that of the next one, closer to the last, times this
    factor (Clark et al. 2020; Bao et al. 2022); a block counts as one layer. 1: all learn at
    ``lr``."""
    known_rate: Annotated[float, Rule(lambda value: 0 < value <= 1, "be above 0 and at most 1")] = (
        1.0
    )
    """Factor of ``lr`` where the initial weights know every label of the data: there is little to
    learn, and much to lose. Where they know a share s of the labels, the factor is
    ``known_rate`` to the power of s. The run's own recipe has the product as ``lr``, and 1 here."""
    weight_decay: NotNegative = 5e-4
    l1: NotNegative = 0.0
    """L1 penalty on the same weights, added to the loss."""
    schedule: Annotated[str, one_of("onecycle", "cosine", "constant", "plateau")] = "onecycle"
    """``onecycle`` (Smith and Topin 2018), ``cosine`` (linear warm-up, then cosine to 0),
    ``constant``, or ``plateau``: multiply by ``plateau_factor`` when validation loss stagnates."""
    warmup: Share = 0.2
    plateau_patience: Count = 3
    """Epochs without a lower validation loss until ``plateau`` lowers the rate."""
    plateau_factor: Annotated[
        float, Rule(lambda value: 0 < value < 1, "be between 0 and 1, both excluded")
    ] = 0.3
    """Factor that ``plateau`` multiplies the rate by."""
    patience: CountOrZero = 0
    """Stop after N epochs without a lower validation loss and keep the weights of the best epoch;
    0: run all epochs and keep the last."""
    grad_clip: NotNegative = 2.0
    ema: Annotated[float, below(1)] = 0.999
    precision: Annotated[str, one_of("auto", "fp32", "bf16", "fp16")] = "fp32"
    """``fp32``; ``bf16`` (autocast, for GPUs and CPUs that compute with it); ``fp16`` (with loss
    scaling, on a GPU); or ``auto``: a new run tries fp32 and bf16 for about a second and takes bf16
    if it is faster. The run's own recipe says which, and a resumed run takes the same."""

    compile: bool = False
    """Compile the network with ``torch.compile`` (Ansel et al. 2024), once for each input size. It
    takes minutes, and steps may be faster or slower then: measure first. Needs a C++ compiler on a
    CPU, Triton on a GPU. Random draws differ from those of a run that is not compiled."""

    @property
    def teachers(self) -> tuple[str, ...]:
        """The runs that ``teacher`` names."""
        named = self.teacher or ()
        return (named,) if isinstance(named, str) else named

    @property
    def uses_votes(self) -> bool:
        """Whether FER+ votes change the training, if the data has them."""
        return bool(self.ferplus_weight or self.ferplus_drop or self.ferplus_soften)

    def check_teacher(self) -> None:
        """Raise ``ConfigError`` if a teacher is needed and none is given.

        Not part of every config's checks: a shipped recipe cannot name a run of its user.
        """
        if self.needs_teacher and not self.teachers:
            raise ConfigError(
                f"the recipe {self.name!r} distils a teacher: train one first, for example with "
                "'mien train se_resnet18', then give its run with --teacher RUN"
            )

    def check_weights(self) -> None:
        """Raise ``ConfigError`` if the network is that of the initial weights, and there are none.

        Not part of every config's checks, as for a teacher.
        """
        if self.network_from_weights and self.weights is None:
            raise ConfigError(
                f"the recipe {self.name!r} takes its network from the weights that it begins with: "
                "give them with --weights"
            )

    def conflicts(self) -> Iterator[str]:
        """One sentence for each combination of keys that cannot work."""
        yield from _shapes(self)
        yield from _combinations(self)


def _shapes(config: ClassifierConfig) -> Iterator[str]:
    """Lists and sizes that do not fit each other."""
    sizes = [config.input_size, *(side for _, side in config.size_schedule)]
    shares = [share for share, _ in config.size_schedule]
    if config.input_size > config.resize:
        yield "input_size must not be larger than resize"
    if (config.resize - config.input_size) % 2 == 1:
        yield "resize - input_size must be even"
    if not 8 <= min(sizes) <= max(sizes) <= LARGEST_INPUT:
        yield f"input_size and the sizes of size_schedule must be from 8 to {LARGEST_INPUT} pixels"
    if min(shares, default=0) < 0 or sum(shares) > 1:
        yield "the shares of size_schedule must be positive and not exceed 1 in total"
    staged = config.architecture in ("resnet", "cnn", "unet")
    if staged and len(config.widths) != len(config.blocks):
        yield "widths and blocks must have one value per stage each"
    if config.ranks and config.architecture == "resnet":
        if len(config.ranks) != 2 * sum(config.blocks):
            yield "ranks must have a pair for each 3×3 convolution, two per block"
        if not all(0 <= rank <= MAX_WIDTH for pair in config.ranks for rank in pair):
            yield f"ranks must not be negative, or above {MAX_WIDTH}"
    if not config.widths or not _within(config.widths, MAX_WIDTH):
        yield f"widths must be positive, one per stage, at most {MAX_WIDTH}"
    if not _within(config.blocks, MAX_BLOCKS) or not _within(config.hidden, MAX_WIDTH):
        yield f"blocks and hidden must be positive, at most {MAX_BLOCKS} and {MAX_WIDTH}"
    for key, values in (("mean", config.mean), ("std", config.std)):
        if len(values) not in (1, config.channels):
            yield f"{key} must have one value, or one for each of {config.channels} channels"
    if max(map(abs, config.mean), default=0) > LARGEST_MEAN:
        yield f"mean must be from -{LARGEST_MEAN:g} to {LARGEST_MEAN:g}"
    if any(not STDS[0] <= abs(value) <= STDS[1] for value in config.std):
        yield f"std must not be 0, and of a size from {STDS[0]:g} to {STDS[1]:g}"


def _within(values: tuple[int, ...], most: int) -> bool:
    return all(1 <= value <= most for value in values)


def _combinations(config: ClassifierConfig) -> Iterator[str]:
    """Keys that exclude each other, with the reason."""
    fitted = config.architecture in FITTED
    few = config.limit is not None and config.limit < config.batch_size
    if few and not fitted and not config.min_steps_per_epoch:
        yield f"limit ({config.limit}) must not be below batch_size ({config.batch_size})"
    if config.valid_split is None:
        if config.schedule == "plateau":
            yield "schedule plateau watches validation: give a valid_split"
        if config.patience:
            yield "patience watches validation: give a valid_split"
    if config.patience and config.swa:
        yield "swa averages the last epochs, which patience may never reach: set one of them to 0"
    if config.loss == "svm":
        if config.label_smoothing:
            yield "loss svm takes hard labels: set label_smoothing to 0"
        if config.mixup or config.cutmix:
            yield "loss svm takes hard labels: set mixup and cutmix to 0"
        if config.ferplus_soften:
            yield "loss svm takes hard labels: set ferplus_soften to 0"
    if not config.label_weight:
        if not config.affect_weight:
            yield "label_weight 0 leaves valence and arousal to learn: set affect_weight"
        for key in ("ferplus_weight", "teacher"):
            if getattr(config, key):
                yield f"label_weight 0 learns valence and arousal alone: leave {key} out"
    if not (config.noise or config.blur or config.downscale > 1):
        degraded = "noise, blur and downscale"
        if config.distill_sharp:
            yield f"distill_sharp keeps {degraded} from the teachers: set one of them"
        if config.sharp_share:
            yield f"sharp_share keeps {degraded} from some views: set one of them"
    if config.sampling == "balanced" and config.class_weights:
        yield "sampling balanced and class_weights both correct for class frequencies: choose one"
    if config.weights is None:
        for key in ("freeze_epochs", "freeze_statistics"):
            if getattr(config, key):
                yield f"{key} keeps something of pretrained weights: set weights"
        if config.known_rate != 1:
            yield "known_rate is about labels that pretrained weights know: set weights"
    if (config.architecture == "timm") != bool(config.backbone):
        yield "architecture timm and backbone come together: set both or neither"
    if config.weights == "imagenet" and config.architecture != "timm":
        yield "imagenet weights are for the architecture timm: give weights of this one"
    if config.whitening:
        values = config.channels * config.input_size**2
        if config.size_schedule:
            yield "whitening needs one input size: leave size_schedule out"
        if values > MAX_WHITENED:
            yield (
                f"whitening of {values} values per picture needs a matrix of {values}²: "
                "lower input_size or channels"
            )
        if config.weights == "imagenet":
            yield "weights of a backbone were not trained on whitened input: leave one of them out"
    if fitted:
        for key in (
            "ferplus_weight", "ferplus_soften", "affect_weight", "teacher", "patience",
            "size_schedule", "swa", "sam", "compile", "weights", "min_steps", "min_steps_per_epoch",
        ):  # fmt: skip
            if getattr(config, key):
                yield f"{config.architecture} is not trained by gradient steps: leave {key} out"
    for key, architectures in UNUSED.items():
        if getattr(config, key) and config.architecture in architectures:
            yield f"the architecture {config.architecture} has no use for {key}: leave it out"
    if config.stochastic_depth and config.architecture == "cnn" and not config.residual_blocks:
        yield "stochastic_depth skips residual blocks: this network has none"
