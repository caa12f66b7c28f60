"""A picture gives equal pixels and equal network inputs through every door of Mien."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import mien
from mien.datasets.files.archive import open_archive
from mien.datasets.files.pictures import Picture
from mien.datasets.opening import open_dataset
from mien.datasets.packing.pack import pack
from mien.evaluation.classification.predict import predict
from mien.preprocess.network_input import network_input, normalise
from mien.samples import ASTRONAUT
from mien.specs.classifier import ModelSpec
from tests.support import pictures

GREY = ModelSpec("grey", ("happiness", "neutral"), 44, resize=48, mean=(0.5,), std=(0.25,))
RGB = replace(GREY, name="rgb", channels=3, mean=(0.1, 0.2, 0.3), std=(0.5, 0.6, 0.7))


@pytest.mark.parametrize("name", pictures.FILES)
def test_every_format_and_mode_has_equal_pixels(name: str, tmp_path: Path) -> None:
    if why := pictures.missing(name):
        pytest.skip(why)
    made = pictures.FILES[name]()
    (tmp_path / "file").write_bytes(made.data)
    used = mien.read_image(tmp_path / "file")
    learned = Picture(open_archive(tmp_path), "file")()
    assert learned.ndim == (2 if made.grey else 3)
    learned = np.repeat(learned[..., None], 3, axis=2) if learned.ndim == 2 else learned
    assert used.dtype == learned.dtype == np.uint8
    np.testing.assert_array_equal(used, learned)
    assert used.shape == made.shown.shape
    assert (
        np.abs(used - made.shown.astype(float)).mean() <= made.off + 0.51
    )  # what it shows, by hand


class Spy:
    """A classifier that keeps what its network would see."""

    def __init__(self, spec: ModelSpec) -> None:
        self.spec = spec
        self.seen: list[np.ndarray] = []

    def logits(self, crops: Sequence[np.ndarray]) -> np.ndarray:
        self.seen.extend(network_input(crops, self.spec))
        return np.zeros((len(crops), 2), np.float32)

    def classify(self, crops: Sequence[np.ndarray]) -> np.ndarray:
        return self.logits(crops) + np.float32(0.5)


@pytest.fixture(scope="module")
def crops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Crops of every shape that changes the way to the network, in a folder of expressions."""
    root = tmp_path_factory.mktemp("crops")
    photo = Image.open(ASTRONAUT).convert("RGB").crop((120, 20, 344, 244))
    clear = photo.copy()
    clear.putalpha(Image.linear_gradient("L").resize(photo.size))
    made = {
        "square.png": photo,
        "small.png": photo.resize((30, 30)),
        "as_trained.png": photo.convert("L").resize((48, 48)),
        "wide.png": photo.resize((101, 60)),
        "high.png": photo.convert("L").resize((31, 90)),
        "large_wide.png": photo.resize((1300, 700)),
        "large_high_grey.png": photo.convert("L").resize((900, 1400)),
        "large.png": photo.resize((1300, 1300)),
        "line.png": photo.resize((200, 1)),
        "clear_wide.png": clear.resize((90, 60)),
    }
    for number, (name, image) in enumerate(made.items()):
        folder = root / "train" / ("happiness", "neutral")[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        image.save(folder / name)
    photo.resize((90, 60)).save(root / "train/neutral/wide.jpg", exif=_sideways())
    return root


def _sideways() -> Image.Exif:
    exif = Image.Exif()
    exif[pictures.ORIENTATION] = 6
    return exif


@pytest.mark.parametrize("spec", [GREY, RGB], ids=lambda spec: spec.name)
def test_every_door_gives_the_network_equal_inputs(
    spec: ModelSpec, crops: Path, tmp_path: Path
) -> None:
    dataset = open_dataset(crops, "folder")
    keys = [sample.key for sample in dataset.samples("train")]

    used = Spy(spec)
    analyzed = mien.Recognizer("none", used).images(crops / key for key in keys)
    assert [len(result) for result in analyzed] == [1] * len(keys)

    measured = Spy(spec)
    assert predict(measured, dataset, "train").keys == tuple(keys)

    pack(dataset, crops, tmp_path / "pack", size=48, channels=spec.channels, exact=True)
    packed = open_dataset(tmp_path / "pack", "packed")
    from_pack = network_input([sample.image for sample in packed.samples("train")], spec)

    for key, one, two, three in zip(keys, used.seen, measured.seen, from_pack, strict=True):
        assert np.array_equal(one, two), key
        assert np.array_equal(one, three), key


@pytest.mark.parametrize("spec", [GREY, RGB], ids=lambda spec: spec.name)
def test_training_gives_the_network_the_inputs_of_use(spec: ModelSpec, crops: Path) -> None:
    torch = pytest.importorskip("torch")
    from mien.train.classification.config import ClassifierConfig
    from mien.train.classification.tensors import load_split

    config = ClassifierConfig(name="doors", channels=spec.channels, resize=48, input_size=44)
    dataset = open_dataset(crops, "folder")
    split = load_split(dataset, "train", config, spec, torch.device("cpu"))
    used = Spy(spec)
    keys = [sample.key for sample in dataset.samples("train")]
    assert len(list(mien.Recognizer("none", used).images(crops / key for key in keys))) == len(keys)
    trained = normalise(split.crops.numpy(), spec)
    for key, one, two in zip(keys, trained, used.seen, strict=True):
        assert np.array_equal(one, two), key
