"""Networks of the timm library, with a new last layer; their ImageNet weights, where wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from mien.errors import ConfigError, ModelFileError, TrainingError, nearest
from mien.extras import require_extra
from mien.registry import register_architecture
from mien.train.classification.config import ClassifierConfig
from mien.train.classification.models.base import Network

IMAGENET = "imagenet"
LAST_LAYERS = ("fc.", "head.", "classifier.", "pre_logits.")
"""What the names begin with of weights that a file may hold and a backbone goes without."""


@register_architecture("timm")
class Backbone(Network):
    """A network of timm without its last layer, dropout, and linear heads.

    Takes any input size that the backbone bears: 32 pixels or more for those of Mien's recipes.
    """

    def build(self, config: ClassifierConfig) -> int:
        """Make the timm network with random weights; raises what ``create`` raises."""
        self.name, self.channels = config.backbone, config.channels
        self.backbone = create(config)
        self.dropout = nn.Dropout(config.dropout)
        return int(self.backbone.head_hidden_size)

    def init_weights(self) -> None:
        """Keep the weights that timm has drawn."""

    def features(self, x: Tensor) -> Tensor:
        """(N, C, S, S) → (N, F) pooled features."""
        pooled: Tensor = self.dropout(self.backbone(self.prepare(x)))
        return pooled

    def load_pretrained(self, weights: str) -> None:
        """Load ``imagenet`` from the network, or a local .pth, .pt or .safetensors file.

        A file has timm's names, or torchvision's where they are the same (ResNet, ResNeXt, VGG).
        The first layer of three channels becomes one for grey pictures, by timm's own rule; the
        file's last layer is left out. Raises ``ModelFileError``, ``ConfigError`` and, where nothing
        can be fetched, ``TrainingError``.
        """
        from timm.models import load_pretrained

        given = self.backbone.pretrained_cfg
        state = read_weights(fetch(self.name, given) if weights == IMAGENET else weights)
        own = self.backbone.state_dict()
        state = {k: v for k, v in state.items() if k in own or not k.startswith(LAST_LAYERS)}
        wrong: list[str] = []
        # timm says nothing of weights that are missing, hence the hook.
        hook = self.backbone.register_load_state_dict_post_hook(
            lambda _, keys: wrong.extend(
                [f"{key} is missing" for key in keys.missing_keys]
                + [f"{key} is unknown" for key in keys.unexpected_keys]
            )
        )
        try:
            source = {**given, "state_dict": state}
            load_pretrained(self.backbone, source, num_classes=0, in_chans=self.channels)
        except RuntimeError as error:  # a shape
            wrong = [" ".join(str(error).split())[:200]]
        finally:
            hook.remove()
        if wrong:
            more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
            raise ModelFileError(
                f"{weights} does not fit the backbone {self.name} ({', '.join(wrong[:3])}{more}): "
                f"give a state dict of timm's {self.name}, or of torchvision's where the names are "
                "the same"
            )


def create(config: ClassifierConfig) -> Any:
    """A network of timm with random weights; (N, C, S, S) → (N, ``head_hidden_size``).

    Raises ``ConfigError`` for a name unknown to timm and for options that are not the backbone's.
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
            "norm, activation and squeeze_excitation are a backbone's own: leave them out"
        )
    options: dict[str, Any] = {}
    if config.stochastic_depth:
        options["drop_path_rate"] = config.stochastic_depth
    vgg = timm.models.is_model_in_modules(name, ["vgg"])
    if vgg:
        options["mlp_ratio"] = 1 / 4096  # makes next to nothing of what is thrown away below
    try:
        net: Any = timm.create_model(name, num_classes=0, in_chans=config.channels, **options)
    except TypeError:
        if not config.stochastic_depth:
            raise
        raise ConfigError(
            f"stochastic_depth leaves out residual blocks: the backbone {name} has none"
        ) from None
    if vgg:
        # 102 million of its weights are one layer over 7×7 maps, which pictures of 48 pixels do
        # not have; the average of the last maps serves any size, as in later networks.
        net.pre_logits = nn.Identity()
        net.head_hidden_size = net.num_features
    return net


def fetch(name: str, source: Mapping[str, Any]) -> str:
    """The path of a backbone's ImageNet weights, fetched once and then kept by the hub's client.

    ``source`` is timm's own ``pretrained_cfg``. Raises ``ConfigError`` where timm knows of no such
    weights, ``TrainingError`` where they cannot be fetched.
    """
    from huggingface_hub import constants, get_session, hf_hub_download

    repository = source.get("hf_hub_id")
    if not repository:
        raise ConfigError(f"timm has no ImageNet weights of {name}: add --weights FILE or none")
    file = source.get("hf_hub_filename") or "model.safetensors"
    try:
        return hf_hub_download(repository, file, local_files_only=True)
    except OSError:  # not there yet
        pass
    try:
        # One short question first: without a network the client itself tries for most of a minute.
        get_session().head(constants.ENDPOINT, timeout=5)
        return hf_hub_download(repository, file)
    except Exception as error:  # noqa: BLE001 - the client's errors differ between its versions
        raise TrainingError(
            f"the ImageNet weights of {name} cannot be fetched ({type(error).__name__}): add "
            f"--weights FILE (a timm or torchvision state dict of {name}), or --weights none to "
            "train from scratch"
        ) from None


def read_weights(path: str) -> dict[str, Tensor]:
    """The state dict in a file, weights alone: nothing in it is executed.

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
            f"{path} holds no weights, or is damaged: give a state dict as .pth, .pt or "
            ".safetensors"
        ) from None
    if not state or not all(isinstance(value, Tensor) for value in state.values()):
        raise ModelFileError(f"{path} holds no state dict: give names and tensors alone")
    return dict(state)
