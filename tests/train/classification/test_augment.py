from __future__ import annotations

import cv2
import numpy as np
import pytest

from mien.preprocess.network_input import normalise
from mien.specs.classifier import ModelSpec
from tests.support import tiny

torch = pytest.importorskip("torch")

from mien.train.classification import augment  # noqa: E402

N = 64
STILL = {"flip": False, "rotation": 0.0, "scale": 0.0, "shift": 0.0}
SPEC = ModelSpec("x", ("a", "b"), input_size=44, resize=48)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    """(N, 48, 48, 1) uint8, smooth enough that two ways of sampling agree."""
    rng = np.random.default_rng(0)
    noise = rng.uniform(0, 255, (N, 48, 48)).astype(np.float32)
    smooth = np.stack([cv2.GaussianBlur(p, (0, 0), 3) for p in noise])
    low, high = smooth.min((1, 2), keepdims=True), smooth.max((1, 2), keepdims=True)
    return ((smooth - low) / (high - low) * 255).astype(np.uint8)[..., None]


@pytest.fixture(scope="module")
def frames(pictures: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255  # (N, 1, 48, 48)


def test_the_view_without_augmentation_is_that_of_inference(
    pictures: np.ndarray, frames: torch.Tensor
) -> None:
    view = augment.warp(frames, 44, tiny.config(**STILL), seeded())
    np.testing.assert_allclose(view.numpy(), normalise(pictures, SPEC), atol=1e-4)


def test_a_smaller_view_spans_the_same_part(frames: torch.Tensor) -> None:
    view = augment.warp(frames, 22, tiny.config(**STILL), seeded())
    halved = torch.nn.functional.avg_pool2d(frames[..., 2:46, 2:46], 2)
    np.testing.assert_allclose(view.numpy(), halved.numpy(), atol=1e-4)


def test_about_half_of_the_pictures_are_mirrored(frames: torch.Tensor) -> None:
    view = augment.warp(frames, 44, tiny.config(**{**STILL, "flip": True}), seeded())
    centre = frames[..., 2:46, 2:46]
    same = (view - centre).abs().amax((1, 2, 3)) < 1e-4
    mirrored = (view - centre.flip(3)).abs().amax((1, 2, 3)) < 1e-4
    assert bool((same ^ mirrored).all())
    assert 0.25 < float(mirrored.float().mean()) < 0.75


@pytest.mark.parametrize(("turn", "zoom"), [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.6, -1.0)])
def test_turn_and_zoom_are_opencvs(
    frames: torch.Tensor, monkeypatch: pytest.MonkeyPatch, turn: float, zoom: float
) -> None:
    draws = iter([turn, zoom])
    monkeypatch.setattr(augment, "uniform", lambda n, *_: torch.full((n,), next(draws)))
    config = tiny.config(**{**STILL, "rotation": 15.0, "scale": 0.15})
    view = augment.warp(frames, 44, config, seeded()).numpy()
    matrix = cv2.getRotationMatrix2D((23.5, 23.5), 15.0 * turn, 1 + 0.15 * zoom)
    matrix[:, 2] -= 2  # the view's centre, 21.5, lies on the frame's, 23.5
    for frame, got in zip(frames.numpy(), view, strict=True):
        expected = cv2.warpAffine(frame[0], matrix, (44, 44), borderMode=cv2.BORDER_REPLICATE)
        np.testing.assert_allclose(got[0], expected, atol=0.02)  # OpenCV counts 1/32 of a pixel


def test_shifts_fill_their_range_and_no_more() -> None:
    ramp = (torch.arange(48.0) / 48).expand(500, 1, 48, 48)  # grows by one step a pixel
    config = tiny.config(**{**STILL, "shift": 1.5})
    view = augment.warp(ramp, 44, config, seeded())
    moved = (view - ramp[..., 2:46, 2:46]).mean((1, 2, 3)) * 48  # pixels
    assert float(moved.abs().max()) <= 1.5 + 1e-3
    assert float(moved.min()) < -1.3 and float(moved.max()) > 1.3
    half = augment.warp(ramp, 44, config, seeded(), strength=0.5)
    assert float((half - ramp[..., 2:46, 2:46]).mean((1, 2, 3)).abs().max()) * 48 <= 0.75 + 1e-3


def test_intensity_keeps_the_range_and_does_nothing_when_off(frames: torch.Tensor) -> None:
    assert augment.intensity(frames, tiny.config(), seeded()) is frames
    varied = augment.intensity(frames, tiny.config(brightness=0.5, contrast=0.5), seeded())
    assert float(varied.min()) >= 0 and float(varied.max()) <= 1
    brighter = augment.intensity(frames * 0.2 + 0.4, tiny.config(brightness=0.3), seeded())
    change = brighter - (frames * 0.2 + 0.4)  # one constant a picture
    assert float(change.std((1, 2, 3)).max()) < 1e-6
    assert float(change.abs().max()) <= 0.3


def test_shear_is_opencvs(frames: torch.Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    draws = iter([0.0, 0.0, 1.0])
    monkeypatch.setattr(augment, "uniform", lambda n, *_: torch.full((n,), next(draws)))
    view = augment.warp(frames, 44, tiny.config(**{**STILL, "shear": 20.0}), seeded()).numpy()
    slant = np.tan(np.radians(20))
    # Output (x, y) shows input (x + slant · y) about the centre; OpenCV is given that very map.
    matrix = np.array([[1, slant, 2 - slant * 21.5], [0, 1, 2]])
    for frame, got in zip(frames.numpy(), view, strict=True):
        expected = cv2.warpAffine(
            frame[0], matrix, (44, 44),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        np.testing.assert_allclose(got[0], expected, atol=0.02)


def test_a_crop_lies_inside_the_view_and_fills_it() -> None:
    ramp = (torch.arange(48.0) / 48).expand(500, 1, 48, 48)
    view = augment.warp(ramp, 44, tiny.config(**{**STILL, "crop": 0.5}), seeded())
    first, last = view[:, 0, 0, 0] * 48 + 0.5, view[:, 0, 0, -1] * 48 + 0.5  # pixels' centres
    step = (last - first) / 43
    left, right = first - step / 2, last + step / 2  # the crop's edges
    assert float(left.min()) >= 2 - 1e-3 and float(right.max()) <= 46 + 1e-3
    assert float((right - left).min()) == pytest.approx(22, abs=0.5)
    assert float((right - left).max()) == pytest.approx(44, abs=0.5)
    assert 0.02 < float((left < 3).float().mean()) < 0.5  # anywhere, not always at the edge


def test_blur_is_opencvs(frames: torch.Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(augment, "uniform", lambda n, low, high, _: torch.full((n,), high))
    colours = torch.cat([frames, frames.flip(0), frames.flip(2)], 1)  # (N, 3, 48, 48)
    got = augment.blur(colours, tiny.config(blur=1.2), seeded()).numpy()
    for picture, blurred in zip(colours.numpy(), got, strict=True):
        for channel, found in zip(picture, blurred, strict=True):
            expected = cv2.GaussianBlur(channel, (9, 9), 1.2, borderType=cv2.BORDER_REFLECT_101)
            np.testing.assert_allclose(found, expected, atol=1e-5)
    assert augment.blur(frames, tiny.config(), seeded()) is frames


@pytest.mark.parametrize("factor", [1.0, 1.3, 2.0, 2.9, 11.0])
def test_downscale_is_opencvs(
    frames: torch.Tensor, monkeypatch: pytest.MonkeyPatch, factor: float
) -> None:
    monkeypatch.setattr(augment, "uniform", lambda n, low, high, _: torch.full((n,), factor))
    colours = torch.cat([frames, frames.flip(0), frames.flip(2)], 1)  # (N, 3, 48, 48)
    got = augment.downscale(colours, tiny.config(downscale=12.0), seeded()).numpy()
    small = (round(48 / factor),) * 2
    for picture, found in zip(colours.permute(0, 2, 3, 1).numpy(), got, strict=True):
        shrunk = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
        expected = cv2.resize(shrunk, (48, 48), interpolation=cv2.INTER_LINEAR)
        np.testing.assert_allclose(found.transpose(1, 2, 0), expected, atol=1e-5)


def test_downscale_draws_every_factor(frames: torch.Tensor) -> None:
    half = torch.zeros(2000, 1, 48, 48)
    half[..., 24:] = 1  # an edge that is spread over more pixels, the larger the factor is
    found = augment.downscale(half, tiny.config(downscale=6.0), seeded())
    assert float(found.min()) >= 0 and float(found.max()) <= 1
    spread = ((found > 0.01) & (found < 0.99))[:, 0, 0].sum(1).float()
    assert float(spread.min()) == 0 and float(spread.max()) in range(5, 13)
    assert len(spread.unique()) >= 5
    assert augment.downscale(frames, tiny.config(), seeded()) is frames


def test_noise_has_the_deviation_that_was_drawn() -> None:
    grey = torch.full((400, 1, 40, 40), 0.5)
    noisy = augment.noise(grey, tiny.config(noise=0.1), seeded())
    deviations = noisy.std((1, 2, 3))
    assert float(deviations.min()) < 0.01 and 0.09 < float(deviations.max()) < 0.105
    assert float(deviations.mean()) == pytest.approx(0.05, abs=0.005)
    assert float(noisy.mean()) == pytest.approx(0.5, abs=0.001)
    assert augment.noise(grey, tiny.config(), seeded()) is grey


def test_a_share_of_the_views_stays_sharp(frames: torch.Tensor) -> None:
    """And each of the others has noise."""
    crops = frames.repeat(7, 1, 1, 1)
    config = tiny.config(noise=0.2, blur=1.0, downscale=2.0, sharp_share=0.3, erasing=0.0)
    views = augment.augment(crops, config.input_size, config, seeded(5), sharp=True)
    seen, clean = views.chunk(2, 1)
    same = (seen == clean).flatten(1).all(1)
    assert 0.235 <= same.float().mean() <= 0.365  # three standard deviations, N = 448
    assert ((seen - clean)[~same].flatten(1).std(1) > 0).all()


def test_the_last_epochs_are_milder(frames: torch.Tensor) -> None:
    config = tiny.config(**{**STILL, "shift": 4.0, "erasing": 1.0})
    strong = augment.augment(frames, 44, config, seeded())
    weak = augment.augment(frames, 44, config, seeded(), weak=True)
    halved = augment.warp(frames, 44, config, seeded(), strength=0.5)
    assert torch.equal(weak, halved)  # and nothing is erased
    assert not torch.equal(strong, augment.warp(frames, 44, config, seeded()))


def test_one_rectangle_of_2_to_20_percent_is_erased() -> None:
    x = torch.rand(1000, 1, 40, 40, generator=seeded(1))
    erased = augment.erase(x, tiny.config(erasing=0.25), seeded())
    changed = (erased != x)[:, 0]  # (N, S, S)
    chosen = changed.flatten(1).any(1)
    assert 0.2 < float(chosen.float().mean()) < 0.3
    for mask, picture, original in zip(changed[chosen], erased[chosen], x[chosen], strict=True):
        rows, columns = mask.any(1).nonzero(), mask.any(0).nonzero()
        height, width = int(rows[-1] - rows[0]) + 1, int(columns[-1] - columns[0]) + 1
        assert int(mask.sum()) == height * width  # a full rectangle
        # Rounded to whole pixels, each side is off by at most one.
        assert (height - 1) * (width - 1) <= 0.20 * 1600
        assert (height + 1) * (width + 1) >= 0.02 * 1600
        assert torch.allclose(picture[0][mask], original.mean())


def test_the_same_seed_gives_the_same_views(frames: torch.Tensor) -> None:
    config = tiny.config(brightness=0.2, shear=5.0, crop=0.2, noise=0.1, blur=1.0, downscale=3.0)
    for change in (lambda g: augment.warp(frames, 44, config, g),
                   lambda g: augment.intensity(frames, config, g),
                   lambda g: augment.noise(frames, config, g),
                   lambda g: augment.blur(frames, config, g),
                   lambda g: augment.downscale(frames, config, g),
                   lambda g: augment.erase(frames, config, g)):  # fmt: skip
        assert torch.equal(change(seeded(3)), change(seeded(3)))
        assert not torch.equal(change(seeded(3)), change(seeded(4)))
