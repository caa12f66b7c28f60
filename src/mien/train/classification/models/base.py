"""``Network``: the base of every classifier that can be trained."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from torch import Tensor, nn

from mien.errors import ConfigError
from mien.train.classification.config import ClassifierConfig
from mien.train.classification.models.layers import Whitening

TRAINED_ONLY = ("auxiliary.",)
"""Prefixes of weights that an exported model leaves out."""
AFFECT = "affect."
"""Prefix of the weights that estimate valence and arousal."""

HEADS = ("head.", AFFECT, *TRAINED_ONLY)
"""Prefixes of the weights of all heads."""


class Network(nn.Module):
    """Features and a head on them, and where wanted the heads ``affect`` and ``auxiliary``.

    An architecture is a subclass, registered with ``mien.registry.register_architecture``, that
    implements ``build`` and ``features``; its ``features`` begin with ``prepare``. Weights start at
    random; ``load_pretrained`` may load others afterwards.
    """

    head: nn.Module
    auxiliary: nn.Module | None
    """(N, F) → (N, auxiliary_classes) logits of the FER+ votes; only for training."""
    affect: nn.Module | None
    """(N, F) → (N, 2) valence and arousal in [-1, 1]."""
    whitening: Whitening | None

    def __init__(
        self,
        config: ClassifierConfig,
        classes: int,
        auxiliary_classes: int = 0,
        affect: bool = False,
    ) -> None:
        super().__init__()
        self.classes = classes
        values = config.channels * config.input_size**2
        self.whitening = Whitening(values) if config.whitening else None
        self.make_heads(self.build(config), auxiliary_classes, affect)
        self.init_weights()

    def build(self, config: ClassifierConfig) -> int:
        """Make the layers and return F, the number of features.

        Raises ``ConfigError`` for settings that do not fit the architecture.
        """
        raise NotImplementedError

    def features(self, x: Tensor) -> Tensor:
        """(N, C, S, S) → (N, F); ``x`` is normalised as in the model's spec."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, S, S) → (N, classes) logits."""
        logits: Tensor = self.head(self.features(x))
        return logits

    def with_affect(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(N, C, S, S) → (N, classes) logits, and (N, 2) valence and arousal in [-1, 1].

        Only for a network that has the head ``affect``.
        """
        assert self.affect is not None
        features = self.features(x)
        return self.head(features), self.affect(features)

    def make_heads(self, features: int, auxiliary_classes: int, affect: bool) -> None:
        """Make linear heads on (N, ``features``)."""
        self.head = nn.Linear(features, self.classes)
        self.auxiliary = nn.Linear(features, auxiliary_classes) if auxiliary_classes else None
        self.affect = nn.Sequential(nn.Linear(features, 2), nn.Tanh()) if affect else None

    def init_weights(self) -> None:
        """Draw the weights of every convolution for rectified units (He et al. 2015)."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def equalise(self, x: Tensor) -> Tensor:
        """Normalise each of (N, C, S, S) pictures by itself, before whitening; here a no-op."""
        return x

    def prepare(self, x: Tensor) -> Tensor:
        """(N, C, S, S) → the same shape, equalised and, if the recipe says so, whitened."""
        x = self.equalise(x)
        return x if self.whitening is None else self.whitening(x)

    def fit_input(self, x: Tensor) -> None:
        """Fit the whitening, if any, to (N, C, S, S) normalised training pictures."""
        if self.whitening is not None:
            self.whitening.fit(self.equalise(x))

    def backbone_parameters(self) -> Iterator[nn.Parameter]:
        """All weights but the heads': those that ``freeze_epochs`` freezes."""
        for name, parameter in self.named_parameters():
            if not name.startswith(HEADS):
                yield parameter

    def body_layers(self) -> Iterator[list[nn.Parameter]]:
        """The weights of each layer or block but the heads, from the input to the features."""
        children = [m for name, m in self.named_children() if f"{name}." not in HEADS]
        yield from layers_of(children)

    def load_pretrained(self, weights: str) -> None:
        """Load foreign ``weights``. Raises ``ConfigError`` if the architecture takes none."""
        raise ConfigError(
            f"weights = {weights!r}: this architecture takes no foreign weights; give default, a "
            "run, its checkpoint, or an .onnx file of 'mien export'"
        )


def layers_of(modules: Iterable[nn.Module]) -> Iterator[list[nn.Parameter]]:
    """The weights of each of ``modules`` in order; of a sequence, of each of its members.

    A normalisation, which has only vectors, belongs to the layer before it.
    """
    layer: list[nn.Parameter] = []
    for module in modules:
        parts = module if isinstance(module, nn.Sequential | nn.ModuleList) else [module]
        for part in parts:
            own = list(part.parameters())
            if layer and any(p.ndim > 1 for p in own):
                yield layer
                layer = []
            layer += own
    if layer:
        yield layer


def check_one_size(config: ClassifierConfig) -> None:
    """Raise ``ConfigError`` for several input sizes; for networks that take only one."""
    if config.size_schedule:
        raise ConfigError(
            f"the architecture {config.architecture} flattens its input, which fixes the input "
            "size: leave size_schedule out"
        )
