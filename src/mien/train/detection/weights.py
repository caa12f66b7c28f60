"""Initial weights of a detector: torchvision's published ones, a local file, or a run.

Layers without fitting weights in the file (heads for another number of classes, another pyramid)
stay random and are reported; the backbone must fit completely.
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
from mien.reading import open_file
from mien.train import checkpoint
from mien.train.detection.config import DetectorConfig
from mien.train.detection.network import build

PUBLISHED: dict[str, dict[str, WeightsEnum]] = {
    "coco": {
        "resnet50": FasterRCNN_ResNet50_FPN_Weights.COCO_V1,
        "mobilenet_v3_large": FasterRCNN_MobileNet_V3_Large_320_FPN_Weights.COCO_V1,
    },
    # The first versions, from which torchvision's own detectors start.
    "imagenet": {
        "resnet50": ResNet50_Weights.IMAGENET1K_V1,
        "resnext101_32x8d": ResNeXt101_32X8D_Weights.IMAGENET1K_V1,
        "mobilenet_v3_large": MobileNet_V3_Large_Weights.IMAGENET1K_V1,
    },
}
BODY = "backbone.body."
LAST_LAYERS = ("fc.", "classifier.")
"""Prefixes of a classifier's weights that a detector does not use."""
COUNTER = "num_batches_tracked"
"""Suffix of counters that published detectors lack; nothing depends on them."""


def load_weights(net: nn.Module, config: DetectorConfig) -> dict[str, Any]:
    """Load ``config.weights`` into the network of ``config``.

    These are ``coco`` or ``imagenet``, downloaded once into PyTorch's cache (TORCH_HOME), or a
    local file: a state dict of torchvision's detector or classifier, or a run of a Mien detector.
    Returns facts for the model's card: ``weights_from``, and ``weights_loaded`` with how many
    weights fitted and which layers stayed random. Raises ``ModelFileError`` if the backbone does
    not fit, ``TrainingError`` if the download fails.
    """
    assert config.weights is not None
    source, eps = _read_weights(config.weights, config.backbone)
    own = net.state_dict()
    wanted = [name for name in own if not name.endswith(COUNTER)]
    renamed = dict(_renamed(source, len(config.strides)))
    fitting = {k: v for k, v in renamed.items() if k in own and v.shape == own[k].shape}
    lacking = [name for name in wanted if name.startswith(BODY) and name not in fitting]
    if lacking:
        body = sum(name.startswith(BODY) for name in wanted)
        raise ModelFileError(
            f"{config.weights} does not fit the backbone {config.backbone}: {len(lacking)} of its "
            f"{body} weights are missing or of another shape, such as "
            f"{lacking[0].removeprefix(BODY)}: give torchvision's {config.backbone}, a detector "
            "with it, or another backbone"
        )
    for name in fitting:
        if name.startswith(BODY) and name.endswith(".running_var"):
            own_eps = cast(float, net.get_submodule(name.rpartition(".")[0]).eps)
            fitting[name] = fitting[name] + (eps - own_eps)  # only the sum of both is used
    net.load_state_dict(fitting, strict=False)
    random = sorted({name.rpartition(".")[0] for name in wanted if name not in fitting})
    loaded = f"{sum(name in fitting for name in wanted)} of {len(wanted)}"
    if random:
        loaded += f"; at random: {', '.join(random)}"
    return {"weights_from": config.weights, "weights_loaded": loaded}


def _read_weights(weights: str, backbone: str) -> tuple[Mapping[str, Tensor], float]:
    """Names and tensors as in the file, and the eps that the backbone was trained with."""
    if weights in PUBLISHED:
        published = _download(PUBLISHED[weights][backbone], weights, backbone)
        return published, _eps(published, backbone)
    if os.path.isdir(weights):  # noqa: PTH112 - never raises
        return _run_weights(checkpoint.find(weights))
    try:
        with open_file(weights) as file:
            state: Any = torch.load(file, map_location="cpu", weights_only=True)
    except (FileNotFoundError, NotADirectoryError):
        raise ModelFileError(
            f"no weights at {weights}: give coco, imagenet, a .pth file or a run's folder"
        ) from None
    except OSError as error:
        raise ModelFileError(f"{weights} cannot be read: {error.strerror or error}") from None
    except Exception:  # noqa: BLE001 - pickle raises nearly anything on a damaged file
        raise ModelFileError(
            f"{weights} is damaged, or not a file of weights: give a state dict as .pth or .pt"
        ) from None
    if isinstance(state, dict) and "config" in state:
        return _run_weights(Path(weights))
    if isinstance(state, dict) and isinstance(state.get("model"), dict):
        state = state["model"]  # a checkpoint of torchvision's training scripts
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise ModelFileError(f"{weights} is not a state dict: expected only names and tensors")
    return state, _eps(state, backbone)


def _eps(state: Mapping[str, Tensor], backbone: str) -> float:
    """What torchvision adds to the variances of the backbone of such a file."""
    if "rpn.head.conv.weight" in state and backbone == "resnet50":
        return 0.0  # trained without eps: see torchvision's overwrite_eps
    detector = any(name.startswith(BODY) for name in state)
    return 1e-3 if backbone == "mobilenet_v3_large" and not detector else 1e-5


def _run_weights(path: Path) -> tuple[Mapping[str, Tensor], float]:
    """The averaged weights of a run, and its backbone's eps."""
    state = checkpoint.load(path)
    if not checkpoint.is_detector(state):
        raise ModelFileError(f"{path} is the run of a classifier: give that of a face detector")
    body = build(DetectorConfig.from_dict(state["config"], where=str(path))).backbone.body
    return state["ema"], next(module.eps for module in body.modules() if hasattr(module, "eps"))


def _download(published: WeightsEnum, weights: str, backbone: str) -> Mapping[str, Tensor]:
    """A file that torchvision publishes, from PyTorch's cache or the network."""
    cached = Path(torch.hub.get_dir()) / "checkpoints" / published.url.rpartition("/")[2]
    try:
        if not cached.exists():
            # Ask first, with a timeout: PyTorch's own client would wait forever.
            request = urllib.request.Request(published.url, method="HEAD")
            urllib.request.urlopen(request, timeout=10).close()
        state: Mapping[str, Tensor] = published.get_state_dict(
            progress=False, check_hash=True, map_location="cpu", weights_only=True
        )
    except Exception as error:  # noqa: BLE001 - network, disk and a damaged cache
        reason = " ".join(str(error).split())[:100]
        raise TrainingError(
            f"the {weights} weights of {backbone} cannot be downloaded ({reason}): add --weights "
            f"FILE with a copy of {published.url}, or --weights none to train from scratch"
        ) from None
    return state


def _renamed(state: Mapping[str, Tensor], strides: int) -> Iterator[tuple[str, Tensor]]:
    """Mien's names for a file's weights: for a classifier those of its backbone, else all.

    Pyramids of different depth are aligned at the coarsest level.
    """
    if not any(name.startswith(BODY) for name in state):
        for name, value in state.items():
            if not name.startswith(LAST_LAYERS):
                yield BODY + name.removeprefix("features."), value
        return
    levels = 1 + max((int(m[2]) for name in state if (m := _LEVEL.match(name))), default=0)
    for name, value in state.items():
        if level := _LEVEL.match(name):
            new = int(level[2]) + strides - levels
            # The published files are older than torchvision's current names.
            name = f"{level[1]}{new}.{level[3] if '.' in level[3] else f'0.{level[3]}'}"
        yield re.sub(r"^(rpn\.head\.conv\.)(\w+)$", r"\g<1>0.0.\2", name), value


_LEVEL = re.compile(r"(backbone\.fpn\.(?:inner|layer)_blocks\.)(\d+)\.(.+)")
