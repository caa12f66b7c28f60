"""``TrainConfig``: everything a recipe can say, in one place.

A recipe is a TOML file over these fields. An unknown key is refused with the nearest known one, a
value of the wrong type or range with what was expected; the resolved recipe is saved beside the run
and inside the exported model.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

from mien.errors import ConfigError, UnknownNameError, nearest

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover
    import tomli as tomllib

RECIPES = Path(__file__).parent / "recipes"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """One training run. Lengths are pixels of the data set's own pictures, angles degrees."""

    name: str
    """Name of the model that comes out."""
    description: str = ""
    """One sentence for people."""

    # --- data ---
    dataset: str = "fer2013"
    """Registered name of the data set's reader."""
    train_split: str = "train"
    """Learned from."""
    valid_split: str | None = "public"
    """Measured after every epoch and never learned from; ``None`` (in TOML ""): no validation."""
    limit: int | None = None
    """Use the first so many pictures of each split: for a quick trial only."""

    # --- network ---
    architecture: str = "resnet"
    """Registered name of the network."""
    widths: tuple[int, ...] = (32, 64, 128, 224)
    """Channels of each stage."""
    blocks: tuple[int, ...] = (2, 2, 2, 2)
    """Residual blocks of each stage."""
    stem_stride: int = 2
    """1 keeps the full resolution in the first stage, which costs four times the work."""
    squeeze_excitation: bool = False
    """Channel attention in every block (Hu et al. 2018)."""
    dropout: float = 0.2
    """Before the last layer."""

    # --- network input ---
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
    brightness: float = 0.0
    """Adds up to so much, of a range of 1."""
    contrast: float = 0.0
    """Multiplies the distance from the mean by 1 - contrast to 1 + contrast."""
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
    label_smoothing: float = 0.1
    """Share of every label that is spread over all classes (Szegedy et al. 2016)."""
    ferplus_weight: float = 0.0
    """Weight of an auxiliary head that learns the FER+ votes of the same pictures as soft labels
    (Barsoum et al. 2016); the head is dropped on export. Data without votes trains without it."""
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
    lr: float = 0.1
    """Peak learning rate of SGD with Nesterov momentum."""
    momentum: float = 0.9
    weight_decay: float = 5e-4
    """On the weights of convolutions alone, never on biases or normalisation."""
    schedule: str = "onecycle"
    """``onecycle`` (Smith and Topin 2018) or ``cosine`` (linear warm-up, then cosine to 0)."""
    warmup: float = 0.2
    """Share of the steps until the peak learning rate."""
    grad_clip: float = 2.0
    """Gradients are scaled down to this norm; 0: never."""
    ema: float = 0.999
    """Decay a step of the averaged weights, which are the ones reported and exported; 0: none."""
    seed: int = 0
    """Of every random draw: first weights, order, augmentation, dropout."""
    precision: str = "fp32"
    """``fp32``, or ``bf16`` (autocast; for GPUs that have it)."""

    def __post_init__(self) -> None:
        problems = [text for bad, text in self._checks() if bad]
        if problems:
            raise ConfigError(f"recipe {self.name!r}: " + "; ".join(problems))

    def _checks(self) -> list[tuple[bool, str]]:
        sizes = [self.input_size, *(side for _, side in self.size_schedule)]
        shares = [share for share, _ in self.size_schedule]
        floats = [v for v in dataclasses.astuple(self) if isinstance(v, float)]
        positive = ("epochs", "batch_size", "lr", "input_size", "resize", "distill_temperature")
        shares_of_one = (
            "dropout", "erasing", "mix_probability", "label_smoothing", "warmup", "distill_weight"
        )  # fmt: skip
        not_negative = (
            "rotation", "scale", "shift", "brightness", "contrast", "mixup", "cutmix",
            "weight_decay", "momentum", "grad_clip", "ferplus_weight", "weak_epochs", "seed",
        )  # fmt: skip
        checks = [
            *((not getattr(self, n) > 0, f"{n} must be positive") for n in positive),
            *((not 0 <= getattr(self, n) <= 1, f"{n} must be in [0, 1]") for n in shares_of_one),
            *((not getattr(self, n) >= 0, f"{n} must not be negative") for n in not_negative),
            (not all(map(math.isfinite, floats)), "nan and inf are no settings"),
            (not 0 <= self.ema < 1, "ema must be in [0, 1)"),
            (self.seed >= 2**32, "seed must be below 2**32"),
            (self.scale >= 1, "scale must be below 1"),
            (self.input_size > self.resize, "input_size must not be larger than resize"),
            ((self.resize - self.input_size) % 2 == 1, "resize - input_size must be even"),
            (len(self.widths) != len(self.blocks), "widths and blocks need one value a stage each"),
            (not self.widths or min(self.widths) < 1, "widths must be positive, one a stage"),
            (bool(self.blocks) and min(self.blocks) < 1, "blocks must be positive, one a stage"),
            (self.stem_stride not in (1, 2), "stem_stride must be 1 or 2"),
            (self.schedule not in ("onecycle", "cosine"), "schedule must be onecycle or cosine"),
            (self.precision not in ("fp32", "bf16"), "precision must be fp32 or bf16"),
            (min(sizes) < 8, "input_size and sizes of size_schedule must be 8 pixels or more"),
            (min(shares, default=0) < 0 or sum(shares) > 1, "shares of size_schedule exceed 1"),
            (
                self.limit is not None and self.limit < self.batch_size,
                f"limit ({self.limit}) must not be below batch_size ({self.batch_size})",
            ),
        ]
        return checks

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
        plain: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self)))
        return plain

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], where: str = "recipe") -> TrainConfig:
        """Build and check a config; ``where`` names its origin in ``ConfigError`` messages."""
        hints = get_type_hints(cls)
        clean = {}
        for key, value in values.items():
            if key not in hints:
                near = nearest(key, hints)
                hint = f"did you mean {near!r}?" if near else f"known keys: {', '.join(hints)}"
                raise ConfigError(f"{where}: unknown key {key!r}: {hint}")
            clean[key] = _typed(value, hints[key], f"{where}: {key}")
        if "name" not in clean:
            raise ConfigError(f"{where}: the key 'name' is missing")
        return cls(**clean)


def recipe_names() -> list[str]:
    """Names of the recipes that ship with Mien."""
    return sorted(path.stem for path in RECIPES.glob("*.toml"))


def load_recipe(
    name_or_path: str | Path,
    overrides: Sequence[str] = (),
    values: Mapping[str, Any] | None = None,
) -> TrainConfig:
    """Read a recipe by name or TOML file.

    ``overrides`` are ``key=value`` in TOML's own spelling, where a bare word is text; ``values``
    are keys with ready values. Both go before what the recipe says, ``values`` before all.
    Raises ``UnknownNameError`` and ``ConfigError``.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = RECIPES / f"{name_or_path}.toml"
        if not os.path.isfile(path):  # noqa: PTH113 - Path's own raises on odd names
            raise UnknownNameError(
                "recipe", str(name_or_path), recipe_names(), "or give the path of a .toml file"
            )
    try:
        recipe = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read the recipe {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"the recipe {path} is no valid TOML: {error}") from None
    recipe.setdefault("name", path.stem)
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals:
            raise ConfigError(f"--set takes KEY=VALUE, got {override!r}")
        try:
            recipe[key.strip()] = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            recipe[key.strip()] = text.strip()  # a bare word is text
    recipe.update(values or {})
    return TrainConfig.from_dict(recipe, where=str(name_or_path))


def _typed(value: Any, hint: Any, where: str) -> Any:
    """``value`` as the field's type, or ``ConfigError``.

    TOML has lists where a config has tuples, reads 1 as no float and has no word for ``None``,
    which is written as an empty text.
    """
    if hint == tuple[int, ...]:
        return tuple(_typed(v, int, where) for v in _listed(value, where))
    if hint == tuple[tuple[float, int], ...]:
        pairs = [_listed(pair, where) for pair in _listed(value, where)]
        if any(len(pair) != 2 for pair in pairs):
            raise ConfigError(f"{where} must be a list of [share, side] pairs, got {value!r}")
        return tuple((_typed(a, float, where), _typed(b, int, where)) for a, b in pairs)
    for kind in (bool, int, float, str):
        if hint == (kind | None) and value in (None, ""):
            return None
        if hint == kind or hint == (kind | None):
            if kind is float and type(value) is int:
                return float(value)
            if type(value) is kind:
                return value
            raise ConfigError(f"{where} must be {_KINDS[kind]}, got {value!r}")
    raise AssertionError(f"unsupported config type {hint}")  # a field of a new type needs a rule


def _listed(value: Any, where: str) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise ConfigError(f"{where} must be a list, got {value!r}")
    return value


_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
