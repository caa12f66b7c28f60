"""The multi-layer perceptron: fully connected layers on flattened pixels."""

from __future__ import annotations

from torch import Tensor, nn

from mien.registry import register_architecture
from mien.train.classification.config import ClassifierConfig
from mien.train.classification.models.base import Network, check_one_size
from mien.train.classification.models.layers import activation, norm_layer


@register_architecture("mlp")
class MLP(Network):
    """Hidden layers of ``config.widths``, each with normalisation, activation and dropout."""

    def build(self, config: ClassifierConfig) -> int:
        """Make the hidden layers; raises ``ConfigError`` for more than one input size."""
        check_one_size(config)
        layers: list[nn.Module] = []
        inputs = config.channels * config.input_size**2
        for width in config.widths:
            layers += [
                nn.Linear(inputs, width),
                norm_layer(config.norm, width, flat=True),
                activation(config.activation, width, flat=True),
                nn.Dropout(config.dropout),
            ]
            inputs = width
        self.layers = nn.Sequential(*layers)
        return inputs

    def features(self, x: Tensor) -> Tensor:
        """(N, C, S, S) → (N, F), the last hidden layer."""
        hidden: Tensor = self.layers(self.prepare(x).flatten(1))
        return hidden
