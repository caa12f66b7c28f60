from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mien.errors import ConfigError
from mien.specs.classifier import ModelSpec

torch = pytest.importorskip("torch", reason="the 'train' extra brings PyTorch")

from torch import Tensor, nn  # noqa: E402

from mien.train.classification.classifier import load_classifier_run  # noqa: E402
from mien.train.classification.gradcam import grad_cam  # noqa: E402
from mien.train.classification.models.base import Network  # noqa: E402
from mien.train.classification.spec import input_spec  # noqa: E402

SPEC = ModelSpec("net", ("neutral", "happiness"), 40, resize=48)
MOUTH = slice(28, 36), slice(12, 28)  # of the network's input


class MouthWatcher(Network):
    """Happiness is how bright the mouth is against what is around it."""

    def __init__(self, inplace: bool) -> None:
        nn.Module.__init__(self)
        self.blur = nn.AvgPool2d(4)
        self.rectify = nn.ReLU(inplace=inplace)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(1, 2)
        self.auxiliary = None
        with torch.no_grad():
            self.head.weight.copy_(torch.tensor([[0.0], [1.0]]))
            self.head.bias.zero_()

    def features(self, x: Tensor) -> Tensor:
        found = self.rectify(self.blur(x) - 0.6)  # (N, 1, 10, 10): only the mouth is so bright
        return self.pool(found).flatten(1)


def picture(side: int = 48) -> np.ndarray:
    image = np.random.default_rng(0).integers(0, 100, (48, 48), dtype=np.uint8)
    image[4:44, 4:44][MOUTH] = 230
    return np.kron(image, np.ones((side // 48, side // 48), np.uint8))


@pytest.mark.parametrize("inplace", [False, True])
@pytest.mark.parametrize("side", [48, 96])
def test_the_map_peaks_where_the_answer_comes_from(inplace: bool, side: int) -> None:
    found = grad_cam(MouthWatcher(inplace).eval(), SPEC, picture(side))
    assert found.shape == (side, side) and found.dtype == np.float32
    assert found.min() == 0 and found.max() == pytest.approx(1, abs=1e-5)
    mouth = np.zeros((48, 48), bool)
    mouth[4:44, 4:44][MOUTH] = True
    mouth = np.kron(mouth, np.ones((side // 48, side // 48), bool))
    assert mouth[np.unravel_index(found.argmax(), found.shape)]
    assert found[mouth].mean() > 0.6
    far = np.zeros_like(mouth)
    far[: side // 2] = True
    assert found[far].max() == 0


def test_it_is_the_papers_sum() -> None:
    """A network without head tricks: weights are mean gradients, computed here by hand."""

    class Small(Network):
        def __init__(self) -> None:
            nn.Module.__init__(self)
            self.conv = nn.Conv2d(1, 3, 5, stride=5)
            self.head = nn.Linear(3, 2)
            self.auxiliary = None

        def features(self, x: Tensor) -> Tensor:
            return self.conv(x).square().mean((2, 3))

    torch.manual_seed(0)
    net = Small().eval()
    net.head.weight.data.abs_()  # every map speaks for every class
    spec = ModelSpec("net", ("a", "b"), 40)
    image = np.random.default_rng(1).integers(0, 256, (40, 40), dtype=np.uint8)
    maps = net.conv(torch.from_numpy(image / 255).float()[None, None])[0].detach().numpy()
    logits = net(torch.from_numpy(image / 255).float()[None, None])[0]
    row = net.head.weight[int(logits.argmax())].detach().numpy()
    # d logit / d map = weight · 2 · map / (h · w); its mean over places is the map's weight.
    weights = (row[:, None, None] * 2 * maps / 64).mean((1, 2))
    expected = np.maximum((weights[:, None, None] * maps).sum(0), 0)
    found = grad_cam(net, spec, image)
    centres = found[2::5, 2::5]  # where the enlarged map is the map itself
    assert np.allclose(centres, expected / expected.max(), atol=1e-5)


def test_a_finished_run(run: Path) -> None:
    net, config, state = load_classifier_run(run)
    spec = input_spec(config, tuple(state["labels"]))
    before = net(torch.zeros(1, 1, 44, 44))
    found = grad_cam(net, spec, picture())
    assert found.shape == (48, 48) and found.min() >= 0 and found.max() <= 1
    assert torch.equal(net(torch.zeros(1, 1, 44, 44)), before)  # no hook stays behind


def test_a_network_without_feature_maps_is_refused() -> None:
    class Flat(Network):
        def __init__(self) -> None:
            nn.Module.__init__(self)
            self.head = nn.Linear(1600, 2)
            self.auxiliary = None

        def features(self, x: Tensor) -> Tensor:
            return x.flatten(1)

    with pytest.raises(ConfigError, match=r"net has no feature maps .* occlusion"):
        grad_cam(Flat(), SPEC, picture())
