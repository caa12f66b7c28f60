from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mien.errors import ConfigError, ModelFileError, TrainingError
from tests.support import tiny

torch = pytest.importorskip("torch")
timm = pytest.importorskip("timm")
hub = pytest.importorskip("huggingface_hub")

from mien.registry import architectures  # noqa: E402


def network(backbone: str = "resnet18", channels: int = 3) -> Any:
    config = tiny.config(architecture="timm", backbone=backbone, channels=channels)
    return architectures.get("timm")(config, 7)


@pytest.fixture(scope="module")
def torchvision_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What torchvision publishes as ResNet-18, with weights of its own."""
    models = pytest.importorskip("torchvision.models")
    torch.manual_seed(7)
    path = tmp_path_factory.mktemp("weights") / "resnet18.pth"
    torch.save(models.resnet18().state_dict(), path)
    return path


def test_torchvisions_network_is_the_same_network(torchvision_file: Path) -> None:
    models = pytest.importorskip("torchvision.models")
    reference = models.resnet18()
    reference.load_state_dict(torch.load(torchvision_file, weights_only=True))
    reference.fc = torch.nn.Identity()
    net = network()
    head = net.head.weight.clone()
    net.load_pretrained(str(torchvision_file))
    x = torch.randn(2, 3, 48, 48)
    torch.testing.assert_close(net.eval().features(x), reference.eval()(x))
    assert torch.equal(net.head.weight, head)


def test_the_first_layer_for_grey_pictures_is_the_sum_of_three(torchvision_file: Path) -> None:
    state = torch.load(torchvision_file, weights_only=True)
    net = network(channels=1)
    net.load_pretrained(str(torchvision_file))
    torch.testing.assert_close(net.backbone.conv1.weight, state["conv1.weight"].sum(1, True))
    layer = net.backbone.layer3[1].conv2.weight
    assert torch.equal(layer, state["layer3.1.conv2.weight"])


def test_a_vgg_leaves_out_its_large_layers(tmp_path: Path) -> None:
    """And does not report those that the file has."""
    safetensors = pytest.importorskip("safetensors.torch")
    net = network("vgg11")
    state = {k: torch.randn_like(v) for k, v in net.backbone.state_dict().items()}
    extra = {"pre_logits.fc1.weight": torch.zeros(4, 512, 7, 7), "head.fc.bias": torch.zeros(1000)}
    path = tmp_path / "vgg11.safetensors"
    safetensors.save_file({**state, **extra}, path)
    net.load_pretrained(str(path))
    assert all(torch.equal(v, state[k]) for k, v in net.backbone.state_dict().items())
    assert sum(p.numel() for p in net.parameters()) < 10e6
    assert net.head.in_features == 512


def other_network(path: Path) -> None:
    torch.save(timm.create_model("test_vit").state_dict(), path)


def one_layer_short(path: Path) -> None:
    state = network().backbone.state_dict()
    del state["layer2.0.conv1.weight"]
    torch.save(state, path)


def other_width(path: Path) -> None:
    state = network().backbone.state_dict()
    state["layer2.0.conv1.weight"] = torch.zeros(5, 64, 3, 3)
    torch.save(state, path)


class Evil:
    def __reduce__(self) -> Any:
        return (Path.touch, (Path("executed"),))


def evil(path: Path) -> None:
    torch.save({"conv1.weight": Evil()}, path)


@pytest.mark.parametrize(("write", "message"), [
    (other_network, r"does not fit the backbone resnet18 \(.*missing.* and \d+ more\).*timm's"),
    (one_layer_short, r"\(layer2.0.conv1.weight is missing\)"),
    (other_width, r"size mismatch for layer2.0.conv1.weight"),
    (evil, "has no weights or is damaged"),
    (lambda path: path.write_bytes(b"PK\x03\x04 nothing"), "has no weights or is damaged"),
    (lambda path: torch.save({"epoch": 3}, path), "is not a state dict"),
    (lambda path: torch.save([1], path), "has no weights|is not a state dict"),
    (lambda path: path.mkdir(), "no weights at"),
    (lambda path: None, "no weights at .*give 'imagenet' or"),
])  # fmt: skip
def test_a_wrong_file_is_refused_in_one_line(
    write: Any, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "weights.pth"
    write(path)
    with pytest.raises(ModelFileError, match=message) as caught:
        network().load_pretrained(str(path))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "executed").exists()


def nothing_cached(*_: Any, local_files_only: bool = False, **__: Any) -> str:
    assert local_files_only, "the hub is asked although it cannot be reached"
    raise FileNotFoundError


def test_without_a_network_one_line_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable() -> Any:
        raise ConnectionError("no route")

    monkeypatch.setattr(hub, "hf_hub_download", nothing_cached)
    monkeypatch.setattr(hub, "get_session", unreachable)
    with pytest.raises(TrainingError) as caught:
        network().load_pretrained("imagenet")
    assert str(caught.value) == (
        "cannot download the ImageNet weights of resnet18 (ConnectionError): add --weights FILE "
        "(a timm or torchvision state dict of resnet18), or --weights none to train from scratch"
    )


def test_imagenet_weights_come_from_the_hub_and_then_from_its_cache(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    safetensors = pytest.importorskip("safetensors.torch")
    path = tmp_path / "model.safetensors"
    state = timm.create_model("resnet18").state_dict()
    safetensors.save_file(state, path)
    asked: list[Any] = []

    def download(repository: str, file: str, local_files_only: bool = False) -> str:
        asked.append((repository.split(".")[0], file, local_files_only))
        if local_files_only and len(asked) == 1:
            raise FileNotFoundError
        return str(path)

    class Session:
        def head(self, *_: Any, **__: Any) -> None: ...

    monkeypatch.setattr(hub, "hf_hub_download", download)
    monkeypatch.setattr(hub, "get_session", Session)
    for _ in range(2):
        net = network()
        net.load_pretrained("imagenet")
        assert torch.equal(net.backbone.conv1.weight, state["conv1.weight"])
    place = ("timm/resnet18", "model.safetensors")
    assert asked == [(*place, True), (*place, False), (*place, True)]


def test_a_backbone_without_published_weights_says_so() -> None:
    with pytest.raises(ConfigError, match="timm has no ImageNet weights of"):
        net = network("resnet10t")
        net.backbone.pretrained_cfg = {**net.backbone.pretrained_cfg, "hf_hub_id": None}
        net.load_pretrained("imagenet")
