"""What the two stages learn, with faces that are neither to be found nor background.

WIDER FACE has such faces, and so has every view that is cropped and shrunk. torchvision knows
background and faces alone; here what lies on an ignored face is left out of both stages' losses.
"""

from __future__ import annotations

from typing import TypedDict

import torch
from torch import Tensor
from torchvision.models.detection.rpn import RegionProposalNetwork
from torchvision.ops import box_iou

COVERED = 0.5
"""A box with at least this share of its area on an ignored face is not background."""


class Target(TypedDict):
    """The faces of one view."""

    boxes: Tensor
    """(N, 4) float32 as x1, y1, x2, y2."""
    labels: Tensor
    """(N,) int64, all 1: 0 is the background."""
    ignored: Tensor
    """(K, 4) float32."""


class ProposalNetwork(RegionProposalNetwork):  # type: ignore[misc]
    """The first stage: anchors on ignored faces are nobody's background."""

    def assign_targets_to_anchors(
        self, anchors: list[Tensor], targets: list[Target]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """As torchvision does, and -1 (left out) for background anchors on an ignored face."""
        labels, boxes = super().assign_targets_to_anchors(anchors, targets)
        for label, anchor, target in zip(labels, anchors, targets, strict=True):
            label[(label == 0) & on_ignored(anchor, target["ignored"])] = -1
        return labels, boxes

    def compute_loss(
        self,
        objectness: Tensor,
        pred_bbox_deltas: Tensor,
        labels: list[Tensor],
        regression_targets: list[Tensor],
    ) -> tuple[Tensor, Tensor]:
        """As torchvision does, and 0 where all is left out: a mean of none is no number."""
        if not any(bool((label >= 0).any()) for label in labels):
            return 0 * objectness.sum(), 0 * pred_bbox_deltas.sum()
        loss: tuple[Tensor, Tensor] = super().compute_loss(
            objectness, pred_bbox_deltas, labels, regression_targets
        )
        return loss


def away_from_ignored(proposals: list[Tensor], targets: list[Target]) -> list[Tensor]:
    """Proposals without those that lie on an ignored face and on no other."""
    kept = []
    for boxes, target in zip(proposals, targets, strict=True):
        out = on_ignored(boxes, target["ignored"])
        if len(target["boxes"]):
            out &= box_iou(boxes, target["boxes"]).max(1).values < 0.5
        kept.append(boxes[~out])
    return kept


def on_ignored(boxes: Tensor, ignored: Tensor) -> Tensor:
    """(N,) bool: which of ``boxes`` (N, 4) lie on one of ``ignored`` (K, 4) by half their area."""
    if not len(ignored):
        return torch.zeros(len(boxes), dtype=torch.bool, device=boxes.device)
    low = torch.maximum(boxes[:, None, :2], ignored[None, :, :2])  # (N, K, 2)
    high = torch.minimum(boxes[:, None, 2:], ignored[None, :, 2:])
    shared = (high - low).clamp(min=0).prod(2)
    area = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    return (shared >= COVERED * area[:, None]).any(1)
