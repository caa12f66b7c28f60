"""Networks of the timm library with a new last layer, and their ImageNet weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor, nn

from mien.errors import ConfigError, ModelFileError, TrainingError, nearest, one_line
from mien.extras import require_extra
from mien.registry import register_architecture
from mien.train.classification.config import ClassifierConfig
from mien.train.classification.models.base import Network, layers_of

IMAGENET = "imagenet"
LAST_LAYERS = ("fc.", "head.", "classifier.", "pre_logits.")
"""Prefixes of weights that a file may have and a backbone does not need."""


@register_architecture("timm")
class Backbone(Network):
    """A network of timm without its last layer, dropout, and linear heads.

    Takes any input size that the backbone does; those of Mien's recipes take 32 pixels or more.
    """

    def build(self, config: ClassifierConfig) -> int:
        """Make the timm network with random weights; raises what ``create`` raises."""
        self.name, self.channels = config.backbone, config.channels
        self.backbone = create(config)
        self.dropout = nn.Dropout(config.dropout)
        return int(self.backbone.head_hidden_size)

    def init_weights(self) -> None:
        """Keep the weights that timm has drawn."""

    def body_layers(self) -> Iterator[list[nn.Parameter]]:
        """The weights of each of the backbone's layers, blocks or stages."""
        yield from layers_of(self.backbone.children())

    def features(self, x: Tensor) -> Tensor:
        """(N, C, S, S) → (N, F) pooled features."""
        pooled: Tensor = self.dropout(self.backbone(self.prepare(x)))
        return pooled

    def load_pretrained(self, weights: str) -> None:
        """Download ``imagenet`` weights, or load a local .pth, .pt or .safetensors file.

        A file uses timm's names, or torchvision's where they are the same (ResNet, ResNeXt, VGG).
        For grey pictures the first layer is converted by timm's own rule; the file's last layer is
        ignored. Raises ``ModelFileError``, ``ConfigError``, and ``TrainingError`` if a download
        fails.
        """
        from timm.models import load_pretrained

        if self.whitening is not None:
            raise ConfigError(
                "weights of a backbone were not trained on whitened input: leave one of them out"
            )
        source = self.backbone.pretrained_cfg
        state = read_weights(fetch(self.name, source) if weights == IMAGENET else weights)
        own = self.backbone.state_dict()
        state = {k: v for k, v in state.items() if k in own or not k.startswith(LAST_LAYERS)}
        wrong: list[str] = []
        # timm does not report missing weights, hence the hook.
        hook = self.backbone.register_load_state_dict_post_hook(
            lambda _, keys: wrong.extend(
                [f"{key} is missing" for key in keys.missing_keys]
                + [f"{key} is unknown" for key in keys.unexpected_keys]
            )
        )
        try:
            source = {**source, "state_dict": state}
            load_pretrained(self.backbone, source, num_classes=0, in_chans=self.channels)
        except RuntimeError as error:  # a wrong shape
            wrong = [one_line(error)]
        finally:
            hook.remove()
        if wrong:
            more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
            raise ModelFileError(
                f"{weights} does not fit the backbone {self.name} ({', '.join(wrong[:3])}{more}): "
                f"give a state dict of timm's {self.name}, or of torchvision's if its names are "
                "the same"
            )


def create(config: ClassifierConfig) -> Any:
    """A network of timm with random weights; (N, C, S, S) → (N, ``head_hidden_size``).

    Raises ``ConfigError`` for an unknown name and for options that the backbone does not have.
    """
    require_extra("train", "the architecture 'timm'", "timm")
    import timm

    name = config.backbone
    if not timm.is_model(name):
        near = nearest(name, timm.list_models())
        hint = f": did you mean {near!r}?" if near else ""
        raise ConfigError(f"timm has no backbone {name!r}{hint} (timm.list_models() names them)")
    if config.norm != "batch" or config.activation != "relu" or config.squeeze_excitation:
        raise ConfigError(
            "norm, activation and squeeze_excitation are fixed by the backbone: leave them out"
        )
    options: dict[str, Any] = {}
    if config.stochastic_depth:
        options["drop_path_rate"] = config.stochastic_depth
    vgg = timm.models.is_model_in_modules(name, ["vgg"])
    if vgg:
        options["mlp_ratio"] = 1 / 4096  # keeps the layer small that is replaced below
    try:
        net: Any = timm.create_model(name, num_classes=0, in_chans=config.channels, **options)
    except TypeError:
        if not config.stochastic_depth:
            raise
        raise ConfigError(
            f"stochastic_depth drops residual blocks, and the backbone {name} has none"
        ) from None
    if vgg:
        # VGG's first linear layer takes 7×7 maps (102 million weights), which 48-pixel pictures do
        # not reach; averaging the last maps works for any size, as in later networks.
        net.pre_logits = nn.Identity()
        net.head_hidden_size = net.num_features
    return net


def fetch(name: str, source: Mapping[str, Any]) -> str:
    """Path of a backbone's ImageNet weights, downloaded once and then cached by the hub's client.

    ``source`` is timm's ``pretrained_cfg``. Raises ``ConfigError`` if timm has no such weights,
    ``TrainingError`` if the download fails.
    """
    from huggingface_hub import constants, get_session, hf_hub_download

    repository = source.get("hf_hub_id")
    if not repository:
        raise ConfigError(f"timm has no ImageNet weights of {name}: add --weights FILE or none")
    file = source.get("hf_hub_filename") or "model.safetensors"
    try:
        return hf_hub_download(repository, file, local_files_only=True)
    except OSError:  # not cached yet
        pass
    try:
        # A short request first: without a network the client itself retries for most of a minute.
        get_session().head(constants.ENDPOINT, timeout=5)
        return hf_hub_download(repository, file)
    except Exception as error:  # noqa: BLE001 - the client's errors differ between its versions
        raise TrainingError(
            f"cannot download the ImageNet weights of {name} ({type(error).__name__}): add "
            f"--weights FILE (a timm or torchvision state dict of {name}), or --weights none to "
            "train from scratch"
        ) from None


def read_weights(path: str) -> dict[str, Tensor]:
    """The state dict in a file; only weights are read, nothing is executed.

    Raises ``ModelFileError``.
    """
    from timm.models import load_state_dict

    try:
        state = load_state_dict(path, weights_only=True)
    except FileNotFoundError:
        raise ModelFileError(
            f"no weights at {path}: give 'imagenet' or a .pth, .pt or .safetensors file"
        ) from None
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror or error}") from None
    except Exception:  # noqa: BLE001 - pickle and safetensors raise nearly anything
        raise ModelFileError(
            f"{path} has no weights or is damaged: give a state dict as .pth, .pt or .safetensors"
        ) from None
    if not state or not all(isinstance(value, Tensor) for value in state.values()):
        raise ModelFileError(f"{path} is not a state dict: expected only names and tensors")
    return dict(state)
