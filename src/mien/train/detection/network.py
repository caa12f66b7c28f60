"""Faster R-CNN on a feature pyramid, built from torchvision's parts.

Ren, He, Girshick, Sun: Faster R-CNN, NeurIPS 2015, https://arxiv.org/abs/1506.01497; Lin et al.:
Feature Pyramid Networks, CVPR 2017, https://arxiv.org/abs/1612.03144. The backbones are ResNet-50
(He et al. 2016), ResNeXt-101 32x8d (Xie et al. 2017) and MobileNetV3-Large (Howard et al. 2019).

The weights have the same names as in torchvision's own detectors, so that its published files
load. Unlike those, the network does not resize its input: ``mien.preprocess.letterbox`` does.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torchvision.models import mobilenet_v3_large, resnet50, resnext101_32x8d
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.roi_heads import RoIHeads
from torchvision.models.detection.rpn import RPNHead
from torchvision.ops import FrozenBatchNorm2d, MultiScaleRoIAlign
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool

from mien.preprocess.letterbox import letterbox
from mien.train.detection.config import DetectorConfig
from mien.train.detection.ignored_faces import ProposalNetwork, Target, away_from_ignored

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's pixels in [0, 1], as the published weights expect."""
MIN_SCORE = 0.05
"""Boxes with lower scores are dropped before suppression: there are thousands of them."""
MAX_BOXES = 1000
"""Maximum number of boxes per picture: WIDER FACE has crowds of nearly as many."""
POOLED_SIDE = 7
"""Side of the pooled features of a box, in cells."""

RESNETS = {"resnet50": resnet50, "resnext101_32x8d": resnext101_32x8d}
RESNET_LEVELS = {4: "layer1", 8: "layer2", 16: "layer3", 32: "layer4"}
MOBILENET_LEVELS = {4: "3", 8: "6", 16: "12", 32: "16"}
"""Stride → the last layer of the backbone with that stride."""


class FasterRCNN(nn.Module):
    """Backbone with feature pyramid, proposal network and box heads."""

    mean: Tensor
    std: Tensor

    def __init__(self, backbone: BackboneWithFPN, rpn: ProposalNetwork, roi_heads: RoIHeads):
        super().__init__()
        self.backbone, self.rpn, self.roi_heads = backbone, rpn, roi_heads
        # Not persistent: torchvision's files do not have them.
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1), persistent=False)

    def forward(self, pixels: Tensor, targets: list[Target] | None = None) -> Any:
        """``pixels``: (N, 3, H, W) uint8 RGB, H and W multiples of 32.

        Returns a dict of four losses in training, with N ``targets``; otherwise a list of N dicts
        with ``boxes`` (M, 4) in pixels and ``scores`` (M,), best first, M at most ``MAX_BOXES``.
        """
        x = self.normalised(pixels)
        features = self.backbone(x)
        size = (int(pixels.shape[2]), int(pixels.shape[3]))
        images = ImageList(x, [size] * len(x))
        proposals, losses = self.rpn(images, features, targets)
        if targets is not None:
            proposals = away_from_ignored(proposals, targets)
            if not any(map(len, proposals)) and not any(len(t["boxes"]) for t in targets):
                nothing = 0 * sum(losses.values())  # torchvision's mean over no boxes would be NaN
                return {**losses, "loss_classifier": nothing, "loss_box_reg": nothing}
        boxes, box_losses = self.roi_heads(features, proposals, images.image_sizes, targets)
        return {**losses, **box_losses} if self.training else boxes

    def normalised(self, pixels: Tensor) -> Tensor:
        """(N, 3, H, W) uint8 → float32 input of the backbone."""
        x: Tensor = (pixels.float() / 255 - self.mean) / self.std
        return x.contiguous(memory_format=torch.channels_last)

    @torch.inference_mode()
    def find(
        self, image: NDArray[np.uint8], config: DetectorConfig
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Boxes (M, 4) in pixels of ``image``, (H, W, 3) RGB, and scores (M,), best first.

        The picture is resized by ``config``; the network must be in evaluation mode.
        """
        pixels, scale = letterbox(image, config.short_side, config.long_side)
        x = torch.from_numpy(pixels.transpose(2, 0, 1)[None])  # (1, 3, H, W)
        output = self(x.to(self.mean.device))[0]
        boxes = output["boxes"].float().cpu().numpy() / scale
        height, width = image.shape[:2]
        boxes = boxes.clip(0, np.array([width, height, width, height], np.float32))
        return boxes, output["scores"].float().cpu().numpy()


def build(config: DetectorConfig) -> FasterRCNN:
    """The network of a recipe with random weights, all of them trainable."""
    norm = FrozenBatchNorm2d if config.norm == "frozen" else nn.BatchNorm2d
    # Published pyramids have no normalisation; from random weights it trains better with it.
    pyramid_norm = nn.BatchNorm2d if config.norm == "batch" else None
    body, layers, widths = _body(config, norm)
    backbone = BackboneWithFPN(
        body,
        {layer: str(i) for i, layer in enumerate(layers)},
        widths,
        config.channels,
        LastLevelMaxPool(),
        pyramid_norm,
    )
    levels = len(config.strides) + 1
    sizes = tuple(tuple(s * size for s in config.anchor_scales) for size in config.anchor_sizes)
    anchors = AnchorGenerator(sizes, (config.anchor_ratios,) * levels)
    rpn = ProposalNetwork(
        anchors,
        RPNHead(config.channels, anchors.num_anchors_per_location()[0]),
        fg_iou_thresh=0.7,
        bg_iou_thresh=0.3,
        batch_size_per_image=256,
        positive_fraction=0.5,
        pre_nms_top_n={"training": 2 * config.proposals, "testing": 2 * config.proposals},
        post_nms_top_n={"training": config.proposals, "testing": config.proposals},
        nms_thresh=0.7,
    )
    names = [str(i) for i in range(len(config.strides))]
    width = 1024 if config.channels == 256 else 4 * config.channels
    heads = RoIHeads(
        MultiScaleRoIAlign(names, POOLED_SIDE, sampling_ratio=2),
        TwoMLPHead(config.channels * POOLED_SIDE**2, width),
        FastRCNNPredictor(width, 2),
        fg_iou_thresh=0.5,
        bg_iou_thresh=0.5,
        batch_size_per_image=config.box_samples,
        positive_fraction=0.25,
        bbox_reg_weights=None,
        score_thresh=MIN_SCORE,
        nms_thresh=config.nms,
        detections_per_img=MAX_BOXES,
    )
    return FasterRCNN(backbone, rpn, heads)


def freeze(net: FasterRCNN, config: DetectorConfig) -> None:
    """Exclude the first ``frozen_stages`` of the backbone from training; the first is the stem."""
    body = net.backbone.body
    if config.backbone in RESNETS:
        stages = [["conv1", "bn1"], *([name] for name in RESNET_LEVELS.values())]
    else:
        last = [int(name) for name in MOBILENET_LEVELS.values()]
        first = [0, 2, *(end + 1 for end in last[:-1])]
        ends = [2, *(end + 1 for end in last)]
        stages = [[str(i) for i in range(a, b)] for a, b in zip(first, ends, strict=True)]
    for stage in stages[: config.frozen_stages]:
        for name in stage:
            body[name].requires_grad_(False)


def _body(config: DetectorConfig, norm: type[nn.Module]) -> tuple[nn.Module, list[str], list[int]]:
    """The backbone, the names of the layers that the pyramid uses, and their channels."""
    if config.backbone in RESNETS:
        resnet = RESNETS[config.backbone](weights=None, norm_layer=norm)
        widths = {4: 256, 8: 512, 16: 1024, 32: 2048}
        layers = [RESNET_LEVELS[stride] for stride in config.strides]
        return resnet, layers, [widths[stride] for stride in config.strides]
    if norm is nn.BatchNorm2d:  # as in torchvision's MobileNetV3
        norm = partial(norm, eps=0.001, momentum=0.01)  # type: ignore[assignment]
    mobilenet = mobilenet_v3_large(weights=None, norm_layer=norm).features
    layers = [MOBILENET_LEVELS[stride] for stride in config.strides]
    return mobilenet, layers, [mobilenet[int(layer)].out_channels for layer in layers]
