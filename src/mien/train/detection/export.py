"""From a detector's run to one ONNX file: its facts inside, and checked against PyTorch.

torchvision's own forward pass branches on what it finds, which no exporter follows. ``Plain`` is
the same computation for one picture over the same weights: what is not there has the score -1 and
falls out at the end, so that next to all shapes are known beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torchvision.ops import nms, roi_align

from mien.detectors.onnx import OnnxDetector
from mien.errors import ModelError
from mien.files import check_writable, write_whole
from mien.media.images import read_image
from mien.preprocess.letterbox import letterbox
from mien.samples import ASTRONAUT
from mien.specs.detector import DetectorSpec
from mien.train import checkpoint
from mien.train.detection.config import DetectorConfig
from mien.train.detection.detector import load_detector_run, spec_of
from mien.train.detection.network import FLOOR, POOLED, FasterRCNN
from mien.train.metrics_file import METRICS, read_metrics
from mien.train.model_card import add_choices
from mien.train.onnx_graph import Weights, open_model, store_float16, traced, with_spec

if TYPE_CHECKING:
    from onnx import ModelProto

NOTHING = -1.0
"""Score of a box that is not there; sigmoid and softmax never come near it."""
NEAR = {"float32": 0.25, "float16": 1.0}
"""Pixels of the network's input by which the sides of a box may differ from PyTorch's …"""
SCORES = {"float32": 0.005, "float16": 0.05}
"""… and what its score may differ by, to be the same box in a file with such weights."""
ASTRAY = 0.02
"""Share of the boxes that may have no such counterpart: one overlap that is the threshold itself
decides for one box or its neighbour by rounding."""


@dataclass(frozen=True, slots=True)
class ExportedDetector:
    """What ``export_detector`` wrote."""

    path: Path
    spec: DetectorSpec
    size: int
    """Bytes."""
    boxes: int
    """Compared with PyTorch's, over all pictures."""
    pixels: float
    """Largest difference of a box's sides from its counterpart's, in pixels of the input."""
    score: float
    """Largest difference of their scores."""
    astray: int
    """Boxes of either without a counterpart. Of a network that is not sure of itself rounding the
    weights to float16 makes some."""


def export_detector(
    run: str | Path,
    out: str | Path,
    *,
    weights: Weights = "float16",
    name: str | None = None,
    licence: str | None = None,
    card: Mapping[str, str] | None = None,
) -> ExportedDetector:
    """Write the weights that ``run`` (a folder or checkpoint) keeps to the ONNX file ``out``.

    The graph is what ``mien.specs.detector`` says, and takes pictures of any size. Before ``out``
    is written, whole or not at all, ONNX Runtime runs it with the weights as they are, and its
    boxes must be PyTorch's on photos of several sizes. ``weights`` says how they are stored, and
    what comes back what that changes: arithmetic is float32.

    ``name`` defaults to the recipe's, ``card`` adds facts for people, or replaces some. The spec's
    ``scores`` are those of the last epoch that looked at the validation split.

    Raises ``ModelError`` where the file would not answer as PyTorch does, ``ModelFileError``,
    ``ConfigError``, ``OutputError``.
    """
    check_writable(Path(out))
    net, config, state = load_detector_run(run)
    scores = _scores(checkpoint.find(run).with_name(METRICS), state["epochs_done"])
    spec = replace(spec_of(net, config, state), scores=scores)
    spec = add_choices(spec, weights, name, licence, card)
    model = to_onnx(net, config)
    data = with_spec(model, spec)
    compared = _compared(data, net, config, "float32")
    boxes, *_, astray = compared
    if astray > ASTRAY * boxes:
        raise ModelError(
            f"the exported graph finds other faces than PyTorch: {astray} boxes have no "
            f"counterpart, of {boxes} in PyTorch: nothing was written; try another PyTorch"
        )
    if weights == "float16":
        store_float16(model)
        data = with_spec(model, spec)
        compared = _compared(data, net, config, "float16")
    write_whole(Path(out), data)
    return ExportedDetector(Path(out), spec, len(data), *compared)


def to_onnx(net: FasterRCNN, config: DetectorConfig) -> ModelProto:
    """The graph of ``net`` for pictures of any size; ``ModelError`` where it cannot be exported."""
    sizes = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    example = torch.zeros(256, 320, 3, dtype=torch.uint8)
    return traced(Plain(net, config).eval(), example, sizes, ["pixels"], ["boxes", "scores"])


class Plain(nn.Module):
    """The inference of ``FasterRCNN``, for one picture."""

    def __init__(self, net: FasterRCNN, config: DetectorConfig) -> None:
        super().__init__()
        self.net, self.config = net, config

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """(H, W, 3) uint8 → (N, 4) boxes in pixels and (N,) scores, best first."""
        height, width = pixels.shape[:2]
        x = pixels.permute(2, 0, 1)[None].float() / 255  # (1, 3, H, W)
        features = list(self.net.backbone((x - self.net.mean) / self.net.std).values())
        boxes, scores = self._proposals(features, height, width)
        return self._faces(features, boxes, scores, height, width)

    def _proposals(self, features: list[Tensor], height: int, width: int) -> tuple[Tensor, Tensor]:
        """The first stage: (P, 4) boxes and (P,) scores, ``NOTHING`` where there are fewer."""
        rpn, most = self.net.rpn, self.config.proposals
        top = rpn.pre_nms_top_n()
        found, scores = [], []
        for level, cell in zip(features, rpn.anchor_generator.cell_anchors, strict=True):
            (logits,), (deltas,) = rpn.head([level])
            rows, columns = logits.shape[-2:]
            anchors = _anchors(cell, rows, columns, height // rows, width // columns)  # (n, 4)
            logits = logits[0].permute(1, 2, 0).reshape(-1)  # (n,)
            deltas = deltas[0].reshape(len(cell), 4, rows, columns).permute(2, 3, 0, 1)
            # A level of a small picture has fewer anchors than are taken.
            padding = torch.full((top,), torch.finfo(torch.float32).min)
            logits, chosen = torch.cat((logits, padding)).topk(top)
            none = torch.zeros(top, 4)
            deltas = torch.cat((deltas.reshape(-1, 4), none))[chosen]
            boxes = rpn.box_coder.decode_single(deltas, torch.cat((anchors, none))[chosen])
            boxes = _clipped(boxes, height, width)
            real = _is_box(boxes, rpn.min_size)
            found.append(boxes)
            scores.append(_suppressed(boxes, logits.sigmoid(), real, rpn.nms_thresh))
        best, chosen = torch.cat(scores).topk(most)
        return torch.cat(found)[chosen], best

    def _faces(
        self, features: list[Tensor], boxes: Tensor, proposed: Tensor, height: int, width: int
    ) -> tuple[Tensor, Tensor]:
        """The second stage, of (P, 4) boxes those that are faces."""
        heads = self.net.roi_heads
        logits, deltas = heads.box_predictor(heads.box_head(self._pooled(features, boxes)))
        found = _clipped(heads.box_coder.decode_single(deltas[:, 4:], boxes), height, width)
        scores = logits.softmax(1)[:, 1]
        real = (proposed >= 0) & (scores > heads.score_thresh) & _is_box(found, 1e-2)
        scores = _suppressed(found, scores, real, heads.nms_thresh)
        scores, order = scores.topk(min(len(scores), heads.detections_per_img))
        kept = (scores >= 0).nonzero().squeeze(1)
        return found[order][kept], scores[kept]

    def _pooled(self, features: list[Tensor], boxes: Tensor) -> Tensor:
        """(P, C, 7, 7): every box from the level that fits its size (Lin et al. 2017, eq. 1)."""
        pool = self.net.roi_heads.box_roi_pool
        first, last = (
            s.bit_length() - 1 for s in (self.config.strides[0], self.config.strides[-1])
        )
        side = (boxes[:, 2:] - boxes[:, :2]).prod(1).sqrt()
        level = pool.canonical_level + torch.log2(side / pool.canonical_scale) + 1e-6
        level = level.floor().clamp(first, last)  # (P,)
        rois = torch.cat((torch.zeros(len(boxes), 1), boxes), 1)  # of picture 0
        parts, rows = [], []
        for number, stride in enumerate(self.config.strides):
            mine = (level == first + number).nonzero().squeeze(1)
            size = (POOLED, POOLED)
            parts.append(
                roi_align(features[number], rois[mine], size, 1 / stride, pool.sampling_ratio)
            )
            rows.append(mine)
        pooled = torch.zeros(len(boxes), features[0].shape[1], POOLED, POOLED)
        return pooled.index_copy(0, torch.cat(rows), torch.cat(parts))


def _anchors(cell: Tensor, rows: int, columns: int, down: int, across: int) -> Tensor:
    """(rows × columns × A, 4): a cell's A anchors at every place, so many pixels apart."""
    y = (torch.arange(rows) * down)[:, None].expand(rows, columns).reshape(-1)
    x = (torch.arange(columns) * across)[None].expand(rows, columns).reshape(-1)
    return (torch.stack((x, y, x, y), 1)[:, None] + cell[None]).reshape(-1, 4)


def _clipped(boxes: Tensor, height: int, width: int) -> Tensor:
    x1, y1, x2, y2 = boxes.unbind(1)
    sides = x1.clamp(0, width), y1.clamp(0, height), x2.clamp(0, width), y2.clamp(0, height)
    return torch.stack(sides, 1)


def _is_box(boxes: Tensor, least: float) -> Tensor:
    return ((boxes[:, 2:] - boxes[:, :2]) >= least).all(1)


def _suppressed(boxes: Tensor, scores: Tensor, real: Tensor, overlap: float) -> Tensor:
    """``scores``, and ``NOTHING`` for boxes that are not ``real`` or overlap a better one."""
    scores = torch.where(real, scores, NOTHING)
    kept = nms(boxes, scores, overlap)
    return torch.full_like(scores, NOTHING).scatter(0, kept, scores[kept])


def _scores(metrics: Path, epochs: int) -> dict[str, float]:
    """The measures of the last validation; empty if there was none."""
    for row in reversed(read_metrics(metrics, epochs)):
        if row.get("valid_ap50") is not None:
            return {k: v for k, v in row.items() if k.startswith("valid_") and v is not None}
    return {}


def photos() -> list[NDArray[np.uint8]]:
    """A photo with one face, four of it in one picture, a high part of it, and a tiny copy."""
    photo = read_image(ASTRONAUT)
    small, tiny = (
        cv2.resize(photo, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        for size in ((160, 120), (21, 17))
    )
    return [photo, np.tile(small, (2, 2, 1)), np.ascontiguousarray(photo[:, 128:384]), tiny]


def _compared(
    data: bytes, net: FasterRCNN, config: DetectorConfig, weights: Weights
) -> tuple[int, float, float, int]:
    """As ``ExportedDetector`` has it: ``boxes``, ``pixels``, ``score`` and ``astray``."""
    detector = open_model(data, lambda path: OnnxDetector(model=path, score_threshold=0))
    boxes, astray, pixels, score = 0, 0, 0.0, 0.0
    for photo in photos():
        _, scale = letterbox(photo, config.short_side, config.long_side)
        wanted, wanted_scores = net.find(photo, config)
        faces = detector.detect(photo)
        found = np.array([face.box.to_list() for face in faces]).reshape(-1, 4)
        scores = np.array([face.score for face in faces])
        apart = scale * np.abs(found[:, None] - wanted[None]).max(2, initial=0)  # (N, M)
        unlike = np.abs(scores[:, None] - wanted_scores[None])
        same = (apart <= NEAR[weights]) & (unlike <= SCORES[weights])
        # Whether a box is just above the floor, or just below it and gone, is rounding as well.
        sure = scores > FLOOR + SCORES[weights], wanted_scores > FLOOR + SCORES[weights]
        astray += int((sure[0] & ~same.any(1)).sum() + (sure[1] & ~same.any(0)).sum())
        boxes += len(wanted)
        pixels = max(pixels, float(apart[same].max(initial=0)))
        score = max(score, float(unlike[same].max(initial=0)))
    return boxes, pixels, score, astray
