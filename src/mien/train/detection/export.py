"""Exports a detector's run as one ONNX file with its facts, checked against PyTorch.

torchvision's forward pass branches on the boxes it finds, which no exporter can trace.
``TraceableFasterRCNN`` computes the same for one picture with the same weights: missing boxes have
the score -1 and are dropped at the end, so that nearly all shapes are known beforehand.
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
from mien.train.detection.network import MIN_SCORE, POOLED_SIDE, FasterRCNN
from mien.train.metrics_file import METRICS, read_metrics
from mien.train.model_card import add_choices
from mien.train.onnx_graph import Weights, open_model, store_float16, traced, with_spec

if TYPE_CHECKING:
    from onnx import ModelProto

NO_BOX = -1.0
"""Score of a missing box, outside the range of sigmoid and softmax."""
PIXEL_TOLERANCE = {"float32": 0.25, "float16": 1.0}
"""A box of the file matches one of PyTorch's if its sides differ by at most this many pixels of the
network's input …"""
SCORE_TOLERANCE = {"float32": 0.005, "float16": 0.05}
"""… and its score by at most this; by type of the stored weights."""
MAX_UNMATCHED = 0.02
"""Share of the boxes that may have no match: at an overlap equal to the threshold, rounding decides
which of two neighbours is kept."""


@dataclass(frozen=True, slots=True)
class ExportedDetector:
    """What ``export_detector`` wrote."""

    path: Path
    spec: DetectorSpec
    size: int
    """Bytes."""
    boxes: int
    """Boxes of PyTorch, over all photos, that were compared."""
    pixels: float
    """Largest difference between the sides of matching boxes, in pixels of the input."""
    score: float
    """Largest difference between their scores."""
    unmatched: int
    """Boxes of either without a match. With uncertain networks, rounding weights to float16 causes
    some."""


def export_detector(
    run: str | Path,
    out: str | Path,
    *,
    weights: Weights = "float16",
    name: str | None = None,
    licence: str | None = None,
    card: Mapping[str, str] | None = None,
) -> ExportedDetector:
    """Write the weights of ``run`` (a folder or checkpoint) to the ONNX file ``out``.

    The graph is described in ``mien.specs.detector`` and takes pictures of any size. It first runs
    in ONNX Runtime with float32 weights, where its boxes must match PyTorch's on photos of several
    sizes. ``weights`` is the type of the stored weights; the result says what rounding changes.
    Arithmetic is float32. ``out`` is written whole or not at all.

    ``name`` defaults to the recipe's, ``card`` adds or replaces facts on the model's card. The
    spec's ``scores`` are those of the last validation.

    Raises ``ModelError`` if the graph's boxes do not match, ``ModelFileError``, ``ConfigError``,
    ``OutputError``.
    """
    check_writable(Path(out))
    net, config, state = load_detector_run(run)
    scores = _scores(checkpoint.find(run).with_name(METRICS), state["epochs_done"])
    spec = replace(spec_of(net, config, state), scores=scores)
    spec = add_choices(spec, weights, name, licence, card)
    model = to_onnx(net, config)
    data = with_spec(model, spec)
    compared = _compared(data, net, config, "float32")
    boxes, *_, unmatched = compared
    if unmatched > MAX_UNMATCHED * boxes:
        raise ModelError(
            f"the exported graph finds other faces than PyTorch: {unmatched} boxes have no match, "
            f"of {boxes} in PyTorch: nothing was written; try another version of PyTorch"
        )
    if weights == "float16":
        store_float16(model)
        data = with_spec(model, spec)
        compared = _compared(data, net, config, "float16")
    write_whole(Path(out), data)
    return ExportedDetector(Path(out), spec, len(data), *compared)


def to_onnx(net: FasterRCNN, config: DetectorConfig) -> ModelProto:
    """The graph of ``net`` for pictures of any size; ``ModelError`` if it cannot be exported."""
    sizes = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    example = torch.zeros(256, 320, 3, dtype=torch.uint8)
    return traced(
        TraceableFasterRCNN(net, config).eval(), example, sizes, ["pixels"], ["boxes", "scores"]
    )


class TraceableFasterRCNN(nn.Module):
    """The inference of ``FasterRCNN`` for one picture, without branches."""

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
        """The first stage: (P, 4) boxes and (P,) scores, ``NO_BOX`` where there are fewer."""
        rpn, most = self.net.rpn, self.config.proposals
        top = rpn.pre_nms_top_n()
        found, scores = [], []
        for level, cell in zip(features, rpn.anchor_generator.cell_anchors, strict=True):
            (logits,), (deltas,) = rpn.head([level])
            rows, columns = logits.shape[-2:]
            anchors = _anchors(cell, rows, columns, height // rows, width // columns)  # (n, 4)
            logits = logits[0].permute(1, 2, 0).reshape(-1)  # (n,)
            deltas = deltas[0].reshape(len(cell), 4, rows, columns).permute(2, 3, 0, 1)
            # A level of a small picture may have fewer anchors than ``top``.
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
        """The second stage: the (P, 4) boxes that are faces, and their scores."""
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
        """(P, C, 7, 7): each box pooled from the level for its size (Lin et al. 2017, eq. 1)."""
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
            size = (POOLED_SIDE, POOLED_SIDE)
            parts.append(
                roi_align(features[number], rois[mine], size, 1 / stride, pool.sampling_ratio)
            )
            rows.append(mine)
        pooled = torch.zeros(len(boxes), features[0].shape[1], POOLED_SIDE, POOLED_SIDE)
        return pooled.index_copy(0, torch.cat(rows), torch.cat(parts))


def _anchors(cell: Tensor, rows: int, columns: int, down: int, across: int) -> Tensor:
    """(rows × columns × A, 4): the A anchors of ``cell`` at every place of the grid, in pixels."""
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
    """``scores``, with ``NO_BOX`` for boxes that are not ``real`` or overlap a better one."""
    scores = torch.where(real, scores, NO_BOX)
    kept = nms(boxes, scores, overlap)
    return torch.full_like(scores, NO_BOX).scatter(0, kept, scores[kept])


def _scores(metrics: Path, epochs: int) -> dict[str, float]:
    """The measures of the last validation; empty if there was none."""
    for row in reversed(read_metrics(metrics, epochs)):
        if row.get("valid_ap50") is not None:
            return {k: v for k, v in row.items() if k.startswith("valid_") and v is not None}
    return {}


def photos() -> list[NDArray[np.uint8]]:
    """A photo with one face; a picture of four copies; a tall crop of the photo; a tiny copy."""
    photo = read_image(ASTRONAUT)
    small, tiny = (
        cv2.resize(photo, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        for size in ((160, 120), (21, 17))
    )
    return [photo, np.tile(small, (2, 2, 1)), np.ascontiguousarray(photo[:, 128:384]), tiny]


def _compared(
    data: bytes, net: FasterRCNN, config: DetectorConfig, weights: Weights
) -> tuple[int, float, float, int]:
    """``boxes``, ``pixels``, ``score`` and ``unmatched`` of ``ExportedDetector``."""
    detector = open_model(data, lambda path: OnnxDetector(model=path, score_threshold=0))
    boxes, unmatched, pixels, score = 0, 0, 0.0, 0.0
    for photo in photos():
        _, scale = letterbox(photo, config.short_side, config.long_side)
        wanted, wanted_scores = net.find(photo, config)
        faces = detector.detect(photo)
        found = np.array([face.box.to_list() for face in faces]).reshape(-1, 4)
        scores = np.array([face.score for face in faces])
        apart = scale * np.abs(found[:, None] - wanted[None]).max(2, initial=0)  # (N, M)
        unlike = np.abs(scores[:, None] - wanted_scores[None])
        same = (apart <= PIXEL_TOLERANCE[weights]) & (unlike <= SCORE_TOLERANCE[weights])
        # Rounding may drop boxes whose score is near the minimum, so those need no match.
        least = MIN_SCORE + SCORE_TOLERANCE[weights]
        unmatched += int((~same.any(1) & (scores > least)).sum())
        unmatched += int((~same.any(0) & (wanted_scores > least)).sum())
        boxes += len(wanted)
        pixels = max(pixels, float(apart[same].max(initial=0)))
        score = max(score, float(unlike[same].max(initial=0)))
    return boxes, pixels, score, unmatched
