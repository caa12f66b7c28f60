from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the 'train' extra")
pytest.importorskip("torchvision", reason="needs the 'train' extra")

from torchvision.models.detection.anchor_utils import AnchorGenerator  # noqa: E402
from torchvision.models.detection.rpn import RegionProposalNetwork, RPNHead  # noqa: E402

from mien.train.detection.ignored_faces import (  # noqa: E402
    ProposalNetwork,
    away_from_ignored,
    on_ignored,
)

SETTINGS = {
    "fg_iou_thresh": 0.7, "bg_iou_thresh": 0.3, "batch_size_per_image": 16,
    "positive_fraction": 0.5, "nms_thresh": 0.7,
    "pre_nms_top_n": {"training": 9, "testing": 9},
    "post_nms_top_n": {"training": 9, "testing": 9},
}  # fmt: skip


def target(boxes: list[list[float]], ignored: list[list[float]]) -> dict[str, torch.Tensor]:
    return {
        "boxes": torch.tensor(boxes).reshape(-1, 4),
        "labels": torch.ones(len(boxes), dtype=torch.int64),
        "ignored": torch.tensor(ignored).reshape(-1, 4),
    }


def test_half_of_the_box_decides() -> None:
    ignored = torch.tensor([[0.0, 0.0, 10.0, 10.0], [100.0, 100.0, 110.0, 110.0]])
    boxes = torch.tensor(
        [
            [2.0, 2.0, 6.0, 6.0],  # inside
            [5.0, 0.0, 15.0, 10.0],  # half of it
            [6.0, 0.0, 16.0, 10.0],  # two fifths
            [0.0, 0.0, 40.0, 40.0],  # a sixteenth
            [105.0, 105.0, 112.0, 110.0],  # 5/7 of the second one
            [50.0, 50.0, 60.0, 60.0],
        ]
    )
    assert on_ignored(boxes, ignored).tolist() == [True, True, False, False, True, False]
    assert not on_ignored(boxes, ignored[:0]).any()


def test_anchors_are_torchvisions_but_for_ignored_faces() -> None:
    torch.manual_seed(0)
    corners = torch.rand(400, 2) * 80
    anchors = [torch.cat([corners, corners + 10 + torch.rand(400, 2) * 20], dim=1)]
    faces = [[20.0, 20.0, 40.0, 45.0]]
    theirs = RegionProposalNetwork(AnchorGenerator(), RPNHead(8, 3), **SETTINGS)
    ours = ProposalNetwork(AnchorGenerator(), RPNHead(8, 3), **SETTINGS)
    expected, _ = theirs.assign_targets_to_anchors(anchors, [target(faces, [])])
    without, _ = ours.assign_targets_to_anchors(anchors, [target(faces, [])])
    assert torch.equal(without[0], expected[0])
    ignored = [60.0, 60.0, 90.0, 90.0]
    labels, _ = ours.assign_targets_to_anchors(anchors, [target(faces, [ignored])])
    covered = on_ignored(anchors[0], torch.tensor([ignored]))
    assert covered.any()
    assert (labels[0][covered & (expected[0] == 0)] == -1).all()
    unchanged = ~covered | (expected[0] != 0)
    assert torch.equal(labels[0][unchanged], expected[0][unchanged])


def test_a_proposal_on_a_face_stays_though_an_ignored_one_lies_below() -> None:
    face, ignored = [0.0, 0.0, 20.0, 20.0], [0.0, 0.0, 30.0, 30.0]
    proposals = [
        torch.tensor([[1.0, 1.0, 20.0, 20.0], [12.0, 12.0, 29.0, 29.0], [50.0] * 2 + [60.0] * 2])
    ]
    kept = away_from_ignored(proposals, [target([face], [ignored])])
    assert torch.equal(kept[0], proposals[0][[0, 2]])
    alone = away_from_ignored(proposals, [target([], [ignored])])
    assert torch.equal(alone[0], proposals[0][[2]])
