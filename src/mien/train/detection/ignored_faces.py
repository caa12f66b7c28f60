"""Faces that are neither to find nor background, in the losses of both stages.

WIDER FACE marks such faces, and cropping and shrinking makes more of them. torchvision only knows
faces and background; here boxes on an ignored face are left out of both losses.
"""

from __future__ import annotations

from typing import TypedDict

import torch
from torch import Tensor
from torchvision.models.detection.rpn import RegionProposalNetwork
from torchvision.ops import box_iou

COVERED = 0.5
"""A box is on an ignored face if at least this share of its area is."""


class Target(TypedDict):
    """The faces of one view."""

    boxes: Tensor
    """(N, 4) float32 as x1, y1, x2, y2."""
    labels: Tensor
    """(N,) int64, all 1; 0 is the background."""
    ignored: Tensor
    """(K, 4) float32."""


class ProposalNetwork(RegionProposalNetwork):  # type: ignore[misc]
    """The first stage; anchors on ignored faces are not background."""

    def assign_targets_to_anchors(
        self, anchors: list[Tensor], targets: list[Target]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """As in torchvision, but with -1 (left out) for background anchors on an ignored face."""
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
        """As in torchvision, but 0 if every anchor is left out, where its mean would be NaN."""
        if not any(bool((label >= 0).any()) for label in labels):
            return 0 * objectness.sum(), 0 * pred_bbox_deltas.sum()
        loss: tuple[Tensor, Tensor] = super().compute_loss(
            objectness, pred_bbox_deltas, labels, regression_targets
        )
        return loss


def away_from_ignored(proposals: list[Tensor], targets: list[Target]) -> list[Tensor]:
    """The proposals that are not on an ignored face, or overlap a face as well."""
    kept = []
    for boxes, target in zip(proposals, targets, strict=True):
        dropped = on_ignored(boxes, target["ignored"])
        if len(target["boxes"]):
            dropped &= box_iou(boxes, target["boxes"]).max(1).values < 0.5
        kept.append(boxes[~dropped])
    return kept


def on_ignored(boxes: Tensor, ignored: Tensor) -> Tensor:
    """(N,) bool: which of ``boxes`` (N, 4) are on one of the ``ignored`` faces (K, 4)."""
    if not len(ignored):
        return torch.zeros(len(boxes), dtype=torch.bool, device=boxes.device)
    low = torch.maximum(boxes[:, None, :2], ignored[None, :, :2])  # (N, K, 2)
    high = torch.minimum(boxes[:, None, 2:], ignored[None, :, 2:])
    shared = (high - low).clamp(min=0).prod(2)
    area = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    return (shared >= COVERED * area[:, None]).any(1)
