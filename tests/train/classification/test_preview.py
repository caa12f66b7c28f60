from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from PIL import Image

from mien.datasets.crops.survey import survey_crops
from mien.preprocess.network_input import normalise, resize_crops
from mien.samples import ASTRONAUT
from mien.train.classification.config import ClassifierConfig
from mien.train.classification.preview import describe_views, preview, preview_survey
from mien.train.classification.spec import input_spec
from tests.support import photos
from tests.support.photos import Photos

STILL = {
    "flip": False, "rotation": 0.0, "scale": 0.0, "shift": 0.0, "erasing": 0.0,
}  # fmt: skip


def images(n: int = 4) -> list[np.ndarray]:
    photo = Image.open(ASTRONAUT)
    return [np.array(photo.crop((40 * i, 0, 40 * i + 200 + i, 210))) for i in range(n)]


def test_without_augmentation_all_views_are_those_of_inference() -> None:
    config = ClassifierConfig(name="still", resize=48, input_size=44, channels=3, **STILL)  # type: ignore[arg-type]
    made = preview(images(), config)
    assert made.plain.shape == (4, 44, 44, 3) and made.views.shape == (4, 9, 44, 44, 3)
    for view in range(9):
        np.testing.assert_allclose(made.views[:, view], made.plain, atol=1e-5)
    assert not made.mixed.any()
    # What inference sees is what `normalise` cuts:
    spec = input_spec(config, ("any",))
    seen = normalise(resize_crops(images(), spec), spec).transpose(0, 2, 3, 1)
    np.testing.assert_allclose((made.plain - 0.5) / 0.25, seen, atol=1e-5)


def test_views_vary_by_the_recipe_and_its_seed_repeats_them() -> None:
    config = ClassifierConfig(name="grey", resize=48, input_size=44)
    made, again = preview(images(), config), preview(images(), config)
    assert made.views.shape == (4, 9, 44, 44, 1)
    assert np.array_equal(made.views, again.views)
    assert made.views.min() >= 0 and made.views.max() <= 1
    differences = np.abs(made.views - made.plain[:, None]).mean(axis=(2, 3, 4))
    assert (differences > 0.01).all()


def test_others_are_mixed_in_and_not_shown() -> None:
    config = ClassifierConfig(name="mix", resize=48, input_size=48, mixup=1.0, **STILL)  # type: ignore[arg-type]
    black, white = np.zeros((48, 48), np.uint8), np.full((48, 48), 255, np.uint8)
    made = preview([black], config, others=[white] * 30)
    assert made.plain.shape == (1, 48, 48, 1) and made.views.shape == (1, 9, 48, 48, 1)
    means = made.views.mean(axis=(0, 2, 3, 4))  # (9,)
    mixed = means > 0  # not where it met itself
    assert mixed.sum() >= 7
    np.testing.assert_allclose(means[mixed], made.mixed[mixed], atol=1e-5)


def test_mixing_is_shown_and_reported() -> None:
    config = ClassifierConfig(name="mix", resize=48, input_size=48, mixup=1.0, **STILL)  # type: ignore[arg-type]
    made = preview(images(), config)
    assert (made.mixed > 0).sum() >= 7
    for view, share in enumerate(made.mixed):
        for picture in made.views[:, view]:
            # Some picture's share of 1 - `share` and some other's rest, exactly:
            rests = [(picture - (1 - share) * plain) for plain in made.plain]
            errors = [np.abs(rest - share * other).max() for rest in rests for other in made.plain]
            assert min(errors) < 1e-4


def test_a_survey_is_previewed_by_one_picture_of_each_label(tmp_path: Path) -> None:
    config = ClassifierConfig(name="still", resize=48, input_size=44, channels=3, **STILL)  # type: ignore[arg-type]
    survey = survey_crops(Photos(photos.write(tmp_path / "photos", train=2)), "train")
    labels, made = preview_survey(survey, config)
    assert labels == ["anger", "happiness"]  # the third label has no picture
    assert made.plain.shape == (2, 44, 44, 3)
    examples = [example for example in survey.examples if example is not None]
    np.testing.assert_array_equal(made.plain, preview(examples, config).plain)


def test_views_in_words() -> None:
    grey = ClassifierConfig(name="grey", resize=48, input_size=44)
    assert describe_views(grey) == "44×44 grey"
    mixed = ClassifierConfig(
        name="mix", resize=48, input_size=48, channels=3, mixup=0.2, cutmix=1.0, mix_probability=0.5
    )
    words = "48×48 RGB, 50% of the batches mixed by mixup or cutmix"
    assert describe_views(mixed) == words
