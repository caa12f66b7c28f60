"""Every recipe of a detector takes a step on real pictures."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the 'train' extra")

from mien.train.detection.batches import Scenes, batches  # noqa: E402
from mien.train.detection.config import DetectorConfig  # noqa: E402
from mien.train.detection.network import build, freeze  # noqa: E402
from mien.train.optim import make_optimizer  # noqa: E402
from mien.train.recipe import load_recipe, recipe_names  # noqa: E402
from tests.support.few_scenes import Few  # noqa: E402

RECIPES = [name for name in recipe_names() if isinstance(load_recipe(name), DetectorConfig)]
SMALL = {
    "view": 64, "short_side": 64, "long_side": 128, "batch_size": 2, "workers": 0, "weights": "none"
}  # fmt: skip


def test_the_studys_backbones_are_there() -> None:
    backbones = {load_recipe(name).backbone for name in RECIPES}
    assert backbones == {"resnext101_32x8d", "resnet50", "mobilenet_v3_large"}
    assert set(RECIPES) >= {"faster_rcnn_x101", "faster_rcnn_r50", "faster_rcnn_mobile_320"}


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_learns_from_real_pictures(name: str, material: Path) -> None:
    config = load_recipe(name, values=SMALL)
    assert isinstance(config, DetectorConfig)
    torch.manual_seed(0)
    net = build(config).train()
    freeze(net, config)
    optimizer = make_optimizer(net, config)
    (drawn,) = batches(Scenes(Few(material, train=2), "train", None), config, epoch=0)
    losses = net(*drawn)
    assert len(losses) == 4
    loss = torch.stack(list(losses.values())).sum()
    assert 0 < float(loss.detach()) < 50
    loss.backward()
    before = net.rpn.head.conv[0][0].weight.detach().clone()
    optimizer.step()
    assert not torch.equal(net.rpn.head.conv[0][0].weight, before)
    assert all(p.grad is not None for p in net.backbone.parameters())
    del net, optimizer, losses, loss
    gc.collect()  # the largest has 100 million weights


@pytest.mark.parametrize("name", RECIPES)
def test_what_a_recipe_freezes_stays(name: str) -> None:
    config = load_recipe(name)
    assert isinstance(config, DetectorConfig)
    with torch.device("meta"):  # shapes alone
        net = build(config)
    freeze(net, config)
    kept = sum(not p.requires_grad for p in net.backbone.body.parameters())
    assert (kept > 0) == (config.frozen_stages > 0)
    assert all(p.requires_grad for p in net.roi_heads.parameters())
