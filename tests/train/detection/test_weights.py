"""Tests with state dicts of torchvision's models, like those in its published files."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mien.errors import ModelFileError, TrainingError

torch = pytest.importorskip("torch")
torchvision = pytest.importorskip("torchvision")

from mien.train import checkpoint  # noqa: E402
from mien.train.detection import weights  # noqa: E402
from mien.train.detection.config import DetectorConfig  # noqa: E402
from mien.train.detection.network import build  # noqa: E402


def config(source: object, **keys: Any) -> DetectorConfig:
    """A small network on the real backbone."""
    return DetectorConfig(
        name="test",
        **{  # type: ignore[arg-type]
            "backbone": "mobilenet_v3_large", "weights": str(source), "strides": (16, 32),
            "anchor_sizes": (16, 32, 64), "channels": 256, **keys,
        },
    )  # fmt: skip


@pytest.fixture(scope="module")
def detector() -> Any:
    """Random weights of torchvision's mobile detector for COCO's 91 classes."""
    return torchvision.models.detection.fasterrcnn_mobilenet_v3_large_320_fpn(
        weights=None, weights_backbone=None
    )


@pytest.fixture(scope="module")
def detector_file(detector: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "detector.pth"
    torch.save(detector.state_dict(), path)
    return path


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing is downloaded in these tests: every request fails as if offline."""

    def offline(*_: Any, **__: Any) -> None:
        raise OSError("no network")

    monkeypatch.setattr("urllib.request.urlopen", offline)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "cache"))


def test_a_detectors_file_is_loaded_but_for_what_cannot_fit(
    detector: Any, detector_file: Path
) -> None:
    wanted = config(detector_file, norm="frozen")
    net = build(wanted)
    facts = weights.load_weights(net, wanted)
    theirs, own = detector.state_dict(), net.state_dict()
    for name in (
        "backbone.body.0.0.weight",
        "backbone.body.16.1.running_var",
        "backbone.fpn.inner_blocks.1.0.weight",  # 960 channels, the coarsest level of both
        "backbone.fpn.layer_blocks.0.0.bias",
        "rpn.head.conv.0.0.weight",
        "roi_heads.box_head.fc6.weight",
    ):
        assert torch.equal(own[name], theirs[name]), name
    assert facts["weights_from"] == str(detector_file)
    count, _, random = facts["weights_loaded"].partition("; at random: ")
    assert set(random.split(", ")) == {
        "backbone.fpn.inner_blocks.0.0",  # of stride 16 here, of 32 there
        "roi_heads.box_predictor.bbox_pred",  # 91 classes
        "roi_heads.box_predictor.cls_score",
        "rpn.head.bbox_pred",  # 15 anchors a place
        "rpn.head.cls_logits",
    }
    assert count == f"{len(own) - 9} of {len(own)}"  # its bias is as long as theirs


def test_names_of_the_older_published_files_are_known(detector: Any, tmp_path: Path) -> None:
    old = {
        name.replace("0.0.", "0.") if name.startswith("rpn.head.conv") else
        name.replace(".0.weight", ".weight").replace(".0.bias", ".bias")
        if "fpn" in name else name: value
        for name, value in detector.state_dict().items()
    }  # fmt: skip
    old = {k.replace("rpn.head.conv.0.", "rpn.head.conv."): v for k, v in old.items()}
    assert "backbone.fpn.layer_blocks.1.weight" in old and "rpn.head.conv.weight" in old
    # The network itself reads them, which is torchvision's own rule for what they mean.
    torchvision.models.detection.fasterrcnn_mobilenet_v3_large_320_fpn(
        weights=None, weights_backbone=None
    ).rpn.head.load_state_dict(
        {k.removeprefix("rpn.head."): v for k, v in old.items() if k.startswith("rpn.head.")}
    )
    torch.save(old, tmp_path / "old.pth")
    wanted = config(tmp_path / "old.pth")
    net = build(wanted)
    weights.load_weights(net, wanted)
    theirs, own = detector.state_dict(), net.state_dict()
    for name in ("backbone.fpn.layer_blocks.1.0.weight", "rpn.head.conv.0.0.bias"):
        assert torch.equal(own[name], theirs[name])


def test_a_finer_pyramid_takes_the_levels_that_both_have(
    detector: Any, detector_file: Path
) -> None:
    wanted = config(detector_file, norm="frozen", strides=(8, 16, 32), anchor_sizes=(8, 16, 32, 64))
    net = build(wanted)
    facts = weights.load_weights(net, wanted)
    theirs, own = detector.state_dict(), net.state_dict()
    for name in ("inner_blocks.{}.0.weight", "layer_blocks.{}.0.weight"):
        assert torch.equal(
            own[f"backbone.fpn.{name.format(2)}"], theirs[f"backbone.fpn.{name.format(1)}"]
        )
    assert "backbone.fpn.layer_blocks.0.0" in facts["weights_loaded"]


@pytest.mark.parametrize("backbone", ["mobilenet_v3_large", "resnet50"])
def test_a_classifiers_file_fills_only_the_backbone(backbone: str, tmp_path: Path) -> None:
    classifier = getattr(torchvision.models, backbone)(weights=None)
    torch.save(classifier.state_dict(), tmp_path / "classifier.pth")
    wanted = config(tmp_path / "classifier.pth", backbone=backbone, norm="frozen", channels=32)
    net = build(wanted)
    facts = weights.load_weights(net, wanted)
    features = classifier.features if backbone == "mobilenet_v3_large" else classifier
    theirs, own = features.state_dict(), net.state_dict()
    body = [name.removeprefix(weights.BODY) for name in own if name.startswith(weights.BODY)]
    assert len(body) > 200
    kernels = [name for name in body if not name.endswith("running_var")]  # those: see below
    assert all(torch.equal(own[weights.BODY + name], theirs[name]) for name in kernels)
    assert facts["weights_loaded"].startswith(f"{len(body)} of {len(own)}; at random: backbone.fpn")


@pytest.mark.parametrize("norm", ["batch", "frozen"])
@pytest.mark.parametrize("source", ["mobile classifier", "mobile detector", "r50 of COCO"])
def test_the_backbone_answers_as_it_did_where_it_comes_from(
    source: str, norm: str, tmp_path: Path
) -> None:
    """Small variances show which of torchvision's three eps is added."""
    frozen = partial(torchvision.ops.FrozenBatchNorm2d, eps=0.0 if "r50" in source else 1e-5)
    torch.manual_seed(0)
    if source == "mobile classifier":
        whole = torchvision.models.mobilenet_v3_large(weights=None)
        theirs, prefix, extra = whole.features, "features.", {}
    elif source == "mobile detector":
        theirs = torchvision.models.mobilenet_v3_large(weights=None, norm_layer=frozen).features
        prefix, extra = weights.BODY, {}
    else:
        theirs = torchvision.models.resnet50(weights=None, norm_layer=frozen)
        prefix, extra = weights.BODY, {"rpn.head.conv.weight": torch.zeros(1)}
    for name, value in theirs.state_dict().items():
        if name.endswith("running_var"):
            value.uniform_(2e-3, 4e-3)
    state = {prefix + k: v for k, v in theirs.state_dict().items() if not k.startswith("fc.")}
    torch.save({**state, **extra}, tmp_path / "file.pth")
    backbone = "resnet50" if "r50" in source else "mobilenet_v3_large"
    wanted = config(tmp_path / "file.pth", backbone=backbone, norm=norm, channels=32)
    net = build(wanted)
    weights.load_weights(net, wanted)
    first = "0" if "mobile" in source else "bn1"
    theirs, own = theirs.eval(), net.backbone.body.eval()
    x = torch.rand(1, 3, 32, 32)
    if first == "bn1":
        x, y = theirs.bn1(theirs.conv1(x)), own.bn1(own.conv1(x))
    else:
        x, y = theirs[0](x), own["0"](x)
    torch.testing.assert_close(x, y, rtol=1e-5, atol=1e-5)


def test_a_run_is_fine_tuned_whatever_its_recipe(tmp_path: Path) -> None:
    before = config("none", weights=None)
    trained = build(before)
    state = {
        "config": before.to_dict(), "labels": ["face"], "epochs_done": 1, "ema_updates": 0,
        "model": {}, "ema": trained.state_dict(), "optimizer": {},
    }  # fmt: skip
    checkpoint.save(state, tmp_path / "last.pt")
    for source in (tmp_path, tmp_path / "last.pt"):
        net = build(config(source))
        facts = weights.load_weights(net, config(source))
        assert all(torch.equal(v, trained.state_dict()[k]) for k, v in net.state_dict().items()
                   if not k.endswith(weights.COUNTER))  # fmt: skip
        assert "at random" not in facts["weights_loaded"]


def test_a_run_of_a_classifier_is_refused(run: Path) -> None:
    with pytest.raises(ModelFileError, match="run of a classifier"):
        weights.load_weights(build(config(run)), config(run))


def test_what_does_not_fit_is_one_line(detector_file: Path, tmp_path: Path) -> None:
    wrong = config(detector_file, backbone="resnet50")
    with pytest.raises(ModelFileError, match="not fit the backbone resnet50: 265 of its 265") as e:
        weights.load_weights(build(wrong), wrong)
    assert "\n" not in str(e.value)
    torch.save({"a": 1}, tmp_path / "other.pth")
    (tmp_path / "torn.pth").write_bytes(b"PK\x03\x04 torn")
    for name, expected in (
        ("none.pth", "no weights at"),
        ("other.pth", "is not a state dict"),
        ("torn.pth", "damaged"),
    ):
        with pytest.raises(ModelFileError, match=expected) as e:
            weights.load_weights(build(config("none", weights=None)), config(tmp_path / name))
        assert "\n" not in str(e.value)


def test_offline_the_message_says_what_to_do() -> None:
    wanted = config("coco", norm="frozen")
    with pytest.raises(
        TrainingError, match=r"\(no network\): add --weights FILE .*https:.*pth"
    ) as e:
        weights.load_weights(build(wanted), wanted)
    assert "\n" not in str(e.value)


def test_what_was_fetched_once_needs_no_network(
    detector: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = weights.PUBLISHED["coco"]["mobilenet_v3_large"]
    place = tmp_path / "cache" / "hub" / "checkpoints"
    place.mkdir(parents=True)
    torch.save(detector.state_dict(), place / published.url.rpartition("/")[2])
    wanted = config("coco")
    net = build(wanted)
    facts = weights.load_weights(net, wanted)
    assert facts["weights_from"] == "coco"
    name = "backbone.body.0.0.weight"
    assert torch.equal(net.state_dict()[name], detector.state_dict()[name])
