from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mien.classifiers.onnx import OnnxClassifier
from mien.datasets.base import Dataset, DatasetFacts
from mien.datasets.samples import Sample
from mien.errors import DatasetError, ModelError
from mien.evaluation.classification.measures import measure
from mien.evaluation.classification.predict import match_labels, predict
from mien.labels import FER2013, FERPLUS
from mien.preprocess.network_input import network_input, normalise, resize_crops, ten_crops
from mien.specs.classifier import ModelSpec
from tests.support.by_hand import by_hand, evaluate, pictures
from tests.support.models import Tiny, tiny_classifier, training_run


def test_tta_averages_ten_crops_cut_by_hand(data: Dataset, tiny: Tiny) -> None:
    images, labels = pictures(data, "private")
    corners = [(2, 2), (0, 0), (0, 4), (4, 0), (4, 4)]
    crops = [images[:, y : y + 44, x : x + 44] for y, x in corners]
    probs = np.mean([by_hand(tiny, c) for crop in crops for c in (crop, crop[:, :, ::-1])], axis=0)
    found = evaluate(OnnxClassifier(tiny.path), data, "private", tta=True)
    assert found.tta
    assert found.accuracy == pytest.approx(np.mean(probs.argmax(axis=1) == labels))
    assert found.nll == pytest.approx(
        -np.log(probs[np.arange(len(labels)), labels]).mean(), rel=1e-4
    )
    assert found.nll != evaluate(OnnxClassifier(tiny.path), data, "private").nll


@pytest.mark.parametrize(("resize", "channels"), [(48, 1), (48, 3), (47, 1), (44, 1), (None, 3)])
def test_views_go_through_network_input_as_any_crop(resize: int | None, channels: int) -> None:
    values = (0.5,) * channels
    spec = ModelSpec("x", FER2013, 44, channels, values, values, resize)
    rng = np.random.default_rng(0)
    pictures = resize_crops(list(rng.integers(0, 256, (3, 60, 60, 3), dtype=np.uint8)), spec)
    assert np.array_equal(resize_crops(list(pictures), spec), pictures)
    room = (resize or 44) - 44
    made = ten_crops(pictures, spec)
    assert made.shape == (10 if room else 2, 3, 44 + room, 44 + room, channels)
    assert np.array_equal(made[0], pictures)
    seen = {network_input(list(view), spec).tobytes() for view in made}
    wanted = set()
    for side in (pictures, pictures[:, :, ::-1]):
        for y, x in {(room // 2, room // 2), (0, 0), (0, room), (room, 0), (room, room)}:
            cut = np.ascontiguousarray(side[:, y : y + 44, x : x + 44])
            wanted.add(normalise(cut, spec).tobytes())
    assert seen == wanted


def test_labels_are_matched_by_name(data: Dataset, tiny: Tiny, tmp_path: Path) -> None:
    order = [4, 0, 6, 2, 5, 1, 3]
    turned = tiny_classifier(
        tmp_path / "turned.onnx",
        tuple(
            ("Angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")[i] for i in order
        ),
        weights=tiny.weights[:, order],
        bias=tiny.bias[order],
        temperature=1.7,
    )
    one = evaluate(OnnxClassifier(tiny.path), data, "public")
    two = evaluate(OnnxClassifier(turned.path), data, "public")
    assert two.confusion == one.confusion and two.labels == FER2013
    assert two.nll == pytest.approx(one.nll, rel=1e-6)


def test_a_class_of_the_model_alone_can_only_be_wrong(data: Dataset, tmp_path: Path) -> None:
    eight = tiny_classifier(
        tmp_path / "eight.onnx", FERPLUS, weights=np.zeros((44 * 44, 8)), bias=np.eye(8)[7] * 5
    )
    found = evaluate(OnnxClassifier(eight.path), data, "public")
    assert found.labels == (*FER2013, "contempt")
    assert found.accuracy == 0
    assert [row[7] for row in found.confusion[:7]] == [sum(row) for row in found.confusion[:7]]
    assert found.per_class["contempt"].support == 0


def test_a_class_that_the_model_does_not_know(data: Dataset, tmp_path: Path) -> None:
    six = tiny_classifier(tmp_path / "six.onnx", FER2013[:-1], name="six")
    with pytest.raises(ModelError, match=r"'six' cannot be measured .*does not know neutral"):
        evaluate(OnnxClassifier(six.path), data, "public")
    assert match_labels(("b", "x", "sad"), ("sadness", "b")) == ([2, 0, 1], ("sadness", "b", "x"))


def test_progress_counts_every_picture(data: Dataset, tiny: Tiny) -> None:
    calls: list[tuple[int, int]] = []
    evaluate(OnnxClassifier(tiny.path), data, "train", on_progress=lambda *at: calls.append(at))
    assert calls[-1] == (40, 40)


def test_a_wrong_split_lists_the_right_ones(data: Dataset, tiny: Tiny) -> None:
    with pytest.raises(DatasetError, match=r"'valid'.*train, public, private"):
        evaluate(OnnxClassifier(tiny.path), data, "valid")


def test_a_training_run_answers_as_its_network_does(data: Dataset, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="the 'train' extra brings PyTorch")
    run, net = training_run(tmp_path / "run")
    from mien.train.classification.classifier import TorchClassifier

    model = TorchClassifier(run, device="cpu")
    assert model.spec.labels == FER2013 and model.spec.input_size == 44
    images, labels = pictures(data, "public")
    with torch.inference_mode():
        cut = torch.from_numpy((images[:, None, 2:46, 2:46] - 0.5) / 0.25).float()
        expected = net(cut).numpy()
    crops = [sample.image for sample in data.samples("public")]
    assert np.allclose(model.logits(crops), expected, atol=1e-5)
    assert np.allclose(model.classify(crops).sum(axis=1), 1, atol=1e-6)
    found = evaluate(TorchClassifier(run / "last.pt", device="cpu"), data, "public")
    assert found.accuracy == pytest.approx(np.mean(expected.argmax(axis=1) == labels))


def test_a_run_whose_weights_are_not_finite_is_not_measured(data: Dataset, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="the 'train' extra brings PyTorch")
    run, _ = training_run(tmp_path / "run")
    from mien.train.classification.classifier import TorchClassifier

    state = torch.load(run / "last.pt", weights_only=True)
    for values in state["ema"].values():
        if values.is_floating_point():
            values.fill_(torch.nan)
    torch.save(state, run / "last.pt")
    with pytest.raises(ModelError, match=r"expected .* finite numbers"):
        predict(TorchClassifier(run, device="cpu"), data, "public")


class Album:
    """Pictures of every size, grey and colour, of which some cannot be read."""

    facts = DatasetFacts(name="album", labels=("neutral", "happiness"))

    def __init__(self, damaged: tuple[int, ...] = ()) -> None:
        self.damaged = damaged

    def splits(self) -> tuple[str, ...]:
        return ("train", "valid")

    def samples(self, split: str) -> Iterator[Sample]:
        for row in range(9):
            yield Sample(lambda row=row: self.read(split, row), row % 2, f"{split}/{row}.jpg")

    def skipped(self, split: str) -> dict[str, list[str]]:
        return {}

    def read(self, split: str, row: int) -> NDArray[np.uint8]:
        if row in self.damaged:
            raise DatasetError(f"{row}.jpg is cut short")
        # Pictures 3 and 4 are the same in both splits.
        rng = np.random.default_rng(row if row in (3, 4) else [row, split == "valid"])
        side = 40 + 7 * row
        return rng.integers(0, 256, (side, side, 3)[: 2 + row % 2], dtype=np.uint8)


@pytest.mark.parametrize("tta", [False, True])
def test_pictures_of_any_size_and_some_unreadable(tta: bool, tiny: Tiny) -> None:
    model = OnnxClassifier(tiny.path)
    found = predict(model, Album(damaged=(2, 5)), "valid", tta=tta)
    assert found.keys == tuple(f"valid/{row}.jpg" for row in (0, 1, 3, 4, 6, 7, 8))
    assert found.skipped == ("valid/2.jpg: 2.jpg is cut short", "valid/5.jpg: 5.jpg is cut short")
    assert found.repeated.tolist() == [False, False, True, True, False, False, False]
    assert found.names[:2] == ("neutral", "happiness") and len(found.names) == 7
    if not tta:
        picture = Album().read("valid", 8)
        expected = model.classify([picture])[0][[6, 3]]
        assert np.allclose(found.probs[-1, :2], expected, atol=1e-6)
    measured = measure(found)
    assert measured.n == 7 and measured.skipped == found.skipped
    assert measured.without_duplicates is not None and measured.without_duplicates.n == 5
    whole = predict(model, Album(), "valid", tta=tta)
    assert len(whole) == 9 and whole.fingerprint != found.fingerprint


def test_nothing_readable_is_an_error(tiny: Tiny) -> None:
    with pytest.raises(DatasetError, match=r"'valid' holds no pictures: none of 9 .*0\.jpg is cut"):
        predict(OnnxClassifier(tiny.path), Album(damaged=tuple(range(9))), "valid")


def test_predictions_say_what_was_asked(data: Dataset, tiny: Tiny) -> None:
    model = OnnxClassifier(tiny.path)
    found = predict(model, data, "public", splits="random:90/10")
    assert (found.dataset, found.split, found.splits) == ("fer2013", "public", "random:90/10")
    assert found.repeats_of == "train" and found.repeated.tolist() == [False] * 16 + [True] * 5
    assert found.keys == tuple(sample.key for sample in data.samples("public"))
    assert found.fingerprint == predict(model, data, "public", tta=True).fingerprint
    assert found.fingerprint != predict(model, data, "train").fingerprint
    assert evaluate(model, data, "public") == measure(predict(model, data, "public"))
