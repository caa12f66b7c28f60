"""What the training loop asks of a network; an architecture registers a function that makes one."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor, nn

from mien.errors import ConfigError
from mien.train.classification.config import ClassifierConfig
from mien.train.classification.models.layers import Whitening

TRAINED_ONLY = ("auxiliary.", "affect.")
"""What the names of weights begin with that the exported model goes without."""


class Network(nn.Module):
    """Features and a head on them; ``auxiliary`` and ``affect`` are heads that training alone uses.

    An architecture is a subclass registered with ``mien.registry.register_architecture``, with
    ``build`` and ``features`` of its own. It starts with random weights; ``load_pretrained`` may
    load others afterwards.
    """

    head: nn.Module
    auxiliary: nn.Module | None
    """(N, F) → (N, auxiliary_classes) logits of the FER+ votes."""
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
        """Make the layers and return F, the number of their features.

        Raises ``ConfigError`` for settings that make no network.
        """
        raise NotImplementedError

    def features(self, x: Tensor) -> Tensor:
        """(N, C, S, S) → (N, F); ``x`` is normalised as the model's spec says."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, S, S) → (N, classes) logits."""
        logits: Tensor = self.head(self.features(x))
        return logits

    def make_heads(self, features: int, auxiliary_classes: int, affect: bool) -> None:
        """Put linear heads on (N, ``features``)."""
        self.head = nn.Linear(features, self.classes)
        self.auxiliary = nn.Linear(features, auxiliary_classes) if auxiliary_classes else None
        self.affect = nn.Sequential(nn.Linear(features, 2), nn.Tanh()) if affect else None

    def init_weights(self) -> None:
        """Draw the weights of every convolution for rectified units (He et al. 2015)."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def equalise(self, x: Tensor) -> Tensor:
        """What is done to each (N, C, S, S) picture by itself, before whitening: nothing."""
        return x

    def prepare(self, x: Tensor) -> Tensor:
        """(N, C, S, S) → the same shape, equalised and whitened as the recipe says."""
        x = self.equalise(x)
        return x if self.whitening is None else self.whitening(x)

    def fit_input(self, x: Tensor) -> None:
        """Fit the whitening, where there is one, to (N, C, S, S) normalised training pictures."""
        if self.whitening is not None:
            self.whitening.fit(self.equalise(x))

    def backbone_parameters(self) -> Iterator[nn.Parameter]:
        """All but the heads' weights: what ``freeze_epochs`` keeps as it is."""
        for name, parameter in self.named_parameters():
            if not name.startswith(("head.", *TRAINED_ONLY)):
                yield parameter

    def load_pretrained(self, weights: str) -> None:
        """Start from ``weights`` as in the recipe; raises ``ConfigError`` where none fit."""
        raise ConfigError(
            f"weights = {weights!r}: this architecture starts at random; weights are for the "
            "architecture timm"
        )


def one_size(config: ClassifierConfig) -> None:
    """Raise ``ConfigError`` where a network of one input size is to see several."""
    if config.size_schedule:
        raise ConfigError(
            f"the architecture {config.architecture} flattens its input, which fixes the input "
            "size: leave size_schedule out"
        )
