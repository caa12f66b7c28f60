from __future__ import annotations

from dataclasses import replace

import cv2
import pytest

torch = pytest.importorskip("torch", reason="needs the 'train' extra")
pytest.importorskip("torchvision", reason="needs the 'train' extra")

from torchvision.models.detection import FasterRCNN as Torchvisions  # noqa: E402
from torchvision.models.detection import fasterrcnn_resnet50_fpn  # noqa: E402

from mien.media.images import read_image  # noqa: E402
from mien.samples import ASTRONAUT  # noqa: E402
from mien.train.detection.config import DetectorConfig  # noqa: E402
from mien.train.detection.network import build, freeze  # noqa: E402

MOBILE = DetectorConfig(
    name="tiny", backbone="mobilenet_v3_large", strides=(8, 16, 32), channels=32, view=96,
    anchor_sizes=(12, 24, 48, 96), proposals=20, box_samples=16,
)  # fmt: skip
RESNET = DetectorConfig(name="r50", norm="frozen", weights="coco")  # building fetches nothing


def pixels(side: int) -> torch.Tensor:
    image = cv2.resize(read_image(ASTRONAUT), (side, side), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(image.transpose(2, 0, 1)[None].copy())


def test_torchvisions_published_weights_would_fit() -> None:
    theirs = fasterrcnn_resnet50_fpn(weights=None, weights_backbone=None).state_dict()
    ours = build(RESNET).state_dict()
    assert ours.keys() - {name for name in ours if name.endswith("num_batches_tracked")} == {
        name for name in theirs if not name.endswith("num_batches_tracked")
    }
    last = "roi_heads.box_predictor"  # 91 classes there, a face here
    assert all(ours[k].shape == v.shape for k, v in theirs.items() if k in ours and last not in k)


def test_the_same_answers_as_torchvisions_own_detector() -> None:
    torch.manual_seed(0)
    net = build(RESNET).eval()
    with torch.no_grad():  # random heads answer next to nothing
        net.roi_heads.box_predictor.cls_score.weight.mul_(200)
        net.roi_heads.box_predictor.bbox_pred.weight.mul_(20)
    theirs = Torchvisions(
        net.backbone, min_size=128, max_size=128,
        rpn_anchor_generator=net.rpn.anchor_generator, rpn_head=net.rpn.head,
        box_head=net.roi_heads.box_head, box_predictor=net.roi_heads.box_predictor,
        box_roi_pool=net.roi_heads.box_roi_pool, rpn_pre_nms_top_n_test=2 * RESNET.proposals,
        rpn_post_nms_top_n_test=RESNET.proposals, box_nms_thresh=RESNET.nms,
        box_detections_per_img=1000,
    ).eval()  # fmt: skip
    x = pixels(128)
    with torch.inference_mode():
        mine, expected = net(x)[0], theirs([x[0].float() / 255])[0]
    assert len(expected["scores"]) > 3
    torch.testing.assert_close(mine["scores"], expected["scores"], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(mine["boxes"], expected["boxes"], atol=0.01, rtol=0)


@pytest.mark.parametrize("strides", [(8, 16, 32), (16, 32), (4, 8, 16, 32)])
def test_every_level_has_the_stride_that_it_is_named_by(strides: tuple[int, ...]) -> None:
    sizes = tuple(3 * s for s in (*strides, 64))
    net = build(replace(MOBILE, strides=strides, anchor_sizes=sizes)).eval()
    with torch.inference_mode():
        levels = list(net.backbone(torch.zeros(1, 3, 128, 128)).values())
    assert [128 // level.shape[-1] for level in levels] == [*strides, 64]


def test_it_learns_a_face_and_gradients_reach_what_is_not_frozen() -> None:
    torch.manual_seed(0)
    config = replace(MOBILE, frozen_stages=2, weights="imagenet")
    net = build(config).train()
    freeze(net, config)
    x = pixels(96).repeat(2, 1, 1, 1)
    face = {
        "boxes": torch.tensor([[32.0, 12.0, 54.0, 40.0]]),
        "labels": torch.ones(1, dtype=torch.int64),
        "ignored": torch.empty(0, 4),
    }
    empty = {**face, "boxes": torch.empty(0, 4), "labels": torch.empty(0, dtype=torch.int64)}
    optimizer = torch.optim.AdamW([p for p in net.parameters() if p.requires_grad], lr=2e-3)
    totals = []
    for _ in range(12):
        losses = net(x, [face, empty])
        total = torch.stack(list(losses.values())).sum()
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        totals.append(total.item())
    assert set(losses) == {
        "loss_objectness", "loss_rpn_box_reg", "loss_classifier", "loss_box_reg",
    }  # fmt: skip
    assert totals[-1] < totals[0] / 2
    body = net.backbone.body
    assert all(p.grad is None for i in (0, 1, 2, 3) for p in body[str(i)].parameters())
    assert all(p.grad is not None for p in body["4"].parameters())


def test_ignored_faces_cost_nothing() -> None:
    """If the whole view is ignored there is no background, so every loss is 0."""
    torch.manual_seed(0)
    net = build(MOBILE).train()
    everything = {
        "boxes": torch.empty(0, 4),
        "labels": torch.empty(0, dtype=torch.int64),
        "ignored": torch.tensor([[-500.0, -500.0, 600.0, 600.0]]),
    }
    losses = net(pixels(96).repeat(2, 1, 1, 1), [everything, everything])
    assert all(value.item() == 0 for value in losses.values())
    sum(losses.values()).backward()
