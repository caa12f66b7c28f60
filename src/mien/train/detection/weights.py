"""Where a detector's weights come from: torchvision's published ones, a local file, or a run.

What a file has no fitting weights for (heads of another number of classes, another pyramid) stays
at random and is told; the backbone must fit as a whole.
"""

from __future__ import annotations

import os
import re
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torchvision.models import (
    MobileNet_V3_Large_Weights,
    ResNet50_Weights,
    ResNeXt101_32X8D_Weights,
    WeightsEnum,
)
from torchvision.models.detection import (
    FasterRCNN_MobileNet_V3_Large_320_FPN_Weights,
    FasterRCNN_ResNet50_FPN_Weights,
)

from mien.errors import ModelFileError, TrainingError
from mien.train import checkpoint
from mien.train.detection.config import DetectorConfig
from mien.train.detection.network import build

PUBLISHED: dict[str, dict[str, WeightsEnum]] = {
    "coco": {
        "resnet50": FasterRCNN_ResNet50_FPN_Weights.COCO_V1,
        "mobilenet_v3_large": FasterRCNN_MobileNet_V3_Large_320_FPN_Weights.COCO_V1,
    },
    # The first versions: what torchvision's own detectors start from.
    "imagenet": {
        "resnet50": ResNet50_Weights.IMAGENET1K_V1,
        "resnext101_32x8d": ResNeXt101_32X8D_Weights.IMAGENET1K_V1,
        "mobilenet_v3_large": MobileNet_V3_Large_Weights.IMAGENET1K_V1,
    },
}
BODY = "backbone.body."
LAST_LAYERS = ("fc.", "classifier.")
"""What the names begin with of a classifier's weights that a detector goes without."""
COUNTER = "num_batches_tracked"
"""What no published file of a detector has, and nothing depends on."""


def load_weights(net: nn.Module, config: DetectorConfig) -> dict[str, Any]:
    """Load what ``config.weights`` names into the network of ``config``.

    That is ``coco`` or ``imagenet``, fetched once into PyTorch's own cache (TORCH_HOME), or a local
    file: a state dict of torchvision's detector or classifier, or a run of a detector of Mien's.
    Returns facts for the model's card: ``weights_from``, and ``weights_loaded`` with how many
    fitted and what stayed at random. Raises ``ModelFileError`` where the backbone does not fit,
    and ``TrainingError`` where nothing can be fetched.
    """
    assert config.weights is not None
    given, eps = _given(config.weights, config.backbone)
    own = net.state_dict()
    wanted = [name for name in own if not name.endswith(COUNTER)]
    renamed = dict(_renamed(given, len(config.strides)))
    fitting = {k: v for k, v in renamed.items() if k in own and v.shape == own[k].shape}
    lacking = [name for name in wanted if name.startswith(BODY) and name not in fitting]
    if lacking:
        body = sum(name.startswith(BODY) for name in wanted)
        raise ModelFileError(
            f"{config.weights} does not fit the backbone {config.backbone}: of its {body} weights "
            f"{len(lacking)} are missing or of another shape, such as "
            f"{lacking[0].removeprefix(BODY)}: give torchvision's {config.backbone}, a detector on "
            "it, or another backbone"
        )
    for name in fitting:
        if name.startswith(BODY) and name.endswith(".running_var"):
            own_eps = cast(float, net.get_submodule(name.rpartition(".")[0]).eps)
            fitting[name] = fitting[name] + (eps - own_eps)  # the sum is what divides
    net.load_state_dict(fitting, strict=False)
    at_random = sorted({name.rpartition(".")[0] for name in wanted if name not in fitting})
    loaded = f"{sum(name in fitting for name in wanted)} of {len(wanted)}"
    if at_random:
        loaded += f"; at random: {', '.join(at_random)}"
    return {"weights_from": config.weights, "weights_loaded": loaded}


def _given(weights: str, backbone: str) -> tuple[Mapping[str, Tensor], float]:
    """Names and tensors, as they come, and the eps that the backbone was trained with."""
    if weights in PUBLISHED:
        fetched = _fetched(PUBLISHED[weights][backbone], weights, backbone)
        return fetched, _eps(fetched, backbone)
    if os.path.isdir(weights):  # noqa: PTH112 - never raises
        return _averaged(checkpoint.find(weights))
    try:
        state: Any = torch.load(weights, map_location="cpu", weights_only=True)
    except (FileNotFoundError, NotADirectoryError):
        raise ModelFileError(
            f"no weights at {weights}: give coco, imagenet, a .pth file or a run's folder"
        ) from None
    except OSError as error:
        raise ModelFileError(f"{weights} cannot be read: {error.strerror or error}") from None
    except Exception:  # noqa: BLE001 - pickle raises nearly anything on a damaged file
        raise ModelFileError(
            f"{weights} holds no weights, or is damaged: give a state dict as .pth or .pt"
        ) from None
    if isinstance(state, dict) and "config" in state:
        return _averaged(Path(weights))
    if isinstance(state, dict) and isinstance(state.get("model"), dict):
        state = state["model"]  # as torchvision's own training scripts keep them
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise ModelFileError(f"{weights} holds no state dict: give names and tensors alone")
    return state, _eps(state, backbone)


def _eps(given: Mapping[str, Tensor], backbone: str) -> float:
    """What torchvision adds to the variances of the backbone in such a file."""
    if "rpn.head.conv.weight" in given and backbone == "resnet50":
        return 0.0  # frozen statistics had none when these were trained: see its overwrite_eps
    detector = any(name.startswith(BODY) for name in given)
    return 1e-3 if backbone == "mobilenet_v3_large" and not detector else 1e-5


def _averaged(path: Path) -> tuple[Mapping[str, Tensor], float]:
    """The weights that a run of Mien's keeps, and its backbone's eps."""
    state = checkpoint.load(path)
    if not checkpoint.is_detector(state):
        raise ModelFileError(f"{path} is the run of a classifier: give that of a face detector")
    body = build(DetectorConfig.from_dict(state["config"], where=str(path))).backbone.body
    return state["ema"], next(module.eps for module in body.modules() if hasattr(module, "eps"))


def _fetched(published: WeightsEnum, weights: str, backbone: str) -> Mapping[str, Tensor]:
    """The file that torchvision publishes, from PyTorch's cache or from the network."""
    cached = Path(torch.hub.get_dir()) / "checkpoints" / published.url.rpartition("/")[2]
    try:
        if not cached.exists():
            # One short question first: PyTorch's own client would wait without an end.
            question = urllib.request.Request(published.url, method="HEAD")
            urllib.request.urlopen(question, timeout=10).close()
        state: Mapping[str, Tensor] = published.get_state_dict(
            progress=False, check_hash=True, map_location="cpu", weights_only=True
        )
    except Exception as error:  # noqa: BLE001 - the network, the disk and a damaged cache
        reason = " ".join(str(error).split())[:100]
        raise TrainingError(
            f"the {weights} weights of {backbone} cannot be fetched ({reason}): add --weights FILE "
            f"with a copy of {published.url}, or --weights none to train from scratch"
        ) from None
    return state


def _renamed(given: Mapping[str, Tensor], strides: int) -> Iterator[tuple[str, Tensor]]:
    """Names as ours: of a classifier's file its backbone, of a detector's file everything.

    Levels of a pyramid are counted from the coarsest, which all of them have.
    """
    if not any(name.startswith(BODY) for name in given):
        for name, value in given.items():
            if not name.startswith(LAST_LAYERS):
                yield BODY + name.removeprefix("features."), value
        return
    levels = 1 + max((int(m[2]) for name in given if (m := _LEVEL.match(name))), default=0)
    for name, value in given.items():
        if level := _LEVEL.match(name):
            new = int(level[2]) + strides - levels
            # The published files are older than torchvision's present names.
            name = f"{level[1]}{new}.{level[3] if '.' in level[3] else f'0.{level[3]}'}"
        yield re.sub(r"^(rpn\.head\.conv\.)(\w+)$", r"\g<1>0.0.\2", name), value


_LEVEL = re.compile(r"(backbone\.fpn\.(?:inner|layer)_blocks\.)(\d+)\.(.+)")
