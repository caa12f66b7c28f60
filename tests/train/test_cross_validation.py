"""Recipes and models on the folds of a small set of real faces."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mien.datasets.opening import open_dataset
from mien.datasets.splits import resplit
from mien.errors import ConfigError, InputError
from mien.evaluation.kept_folds import DONE, fold_folder, kept_fold, load_folds
from mien.train.recipe import load_recipe
from tests.support.commands import mien
from tests.support.fer2013 import Row

torch = pytest.importorskip("torch")

from mien.train import cross_validation as crossval  # noqa: E402
from mien.train.cross_validation import train_folds  # noqa: E402

CPU = torch.device("cpu")
SMALL = {
    "epochs": 1, "batch_size": 16, "widths": [8], "resize": 16, "input_size": 16, "patience": 0,
}  # fmt: skip
SET = [part for key, value in SMALL.items() for part in ("--set", f"{key}={value}")]


@pytest.fixture(scope="module")
def own(fer2013_rows: list[Row], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Faces of FER2013 in folders of two expressions, five people a class."""
    folder = tmp_path_factory.mktemp("own")
    for number, row in enumerate(fer2013_rows):
        place = folder / ("happiness" if number % 2 else "neutral")
        place.mkdir(exist_ok=True)
        Image.fromarray(row.image).save(place / f"person{number % 10}_{number}.png")
    return folder


def test_every_picture_is_tested_once_by_a_model_that_did_not_see_it(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = open_dataset(own, "folder")
    (source,) = dataset.splits()
    config = load_recipe("mlp", values={**SMALL, "dataset": "folder"})
    found = train_folds(config, dataset, tmp_path / "cv", 4, source=source, device=CPU)  # type: ignore[arg-type]
    tested = []
    for number in range(1, 5):
        kept = kept_fold(tmp_path / "cv", number)
        assert kept is not None
        made, trained = kept
        tested += made.keys
        assert trained is not None
        # Copies of a picture are trained on once each, so together they are all pictures.
        assert trained + len(made) == sum(1 for _ in dataset.samples(source))
        recipe = json.loads((fold_folder(tmp_path / "cv", number) / "recipe.json").read_text())
        assert recipe["splits"] == f"fold:{number}/4" and recipe["valid_split"] is None
    assert sorted(tested) == sorted(sample.key for sample in dataset.samples(source))
    assert len(found.folds) == 4 and found.ratio == pytest.approx(1 / 3, abs=0.05)
    # Nothing is trained again, and a fold that was lost is made as it was.
    before = (fold_folder(tmp_path / "cv", 2) / "predictions/test.npz").read_bytes()
    calls: list[str] = []
    real = crossval.train
    monkeypatch.setattr(
        crossval, "train", lambda c, d, f, **o: (calls.append(f.name), real(c, d, f, **o))[1]
    )
    (fold_folder(tmp_path / "cv", 2) / DONE).unlink()
    again = train_folds(config, dataset, tmp_path / "cv", 4, source=source, device=CPU)  # type: ignore[arg-type]
    assert calls == ["fold-2"] and again == found
    assert (fold_folder(tmp_path / "cv", 2) / "predictions/test.npz").read_bytes() == before


def test_a_recipe_that_watches_validation_never_sees_the_tested_fold(
    own: Path, tmp_path: Path
) -> None:
    dataset = open_dataset(own, "folder")
    config = load_recipe("mlp", values={**SMALL, "patience": 2, "dataset": "folder"})
    train_folds(config, dataset, tmp_path / "cv", 3, source=dataset.splits()[0], device=CPU)  # type: ignore[arg-type]
    recipe = json.loads((tmp_path / "cv/fold-1/recipe.json").read_text())
    assert (recipe["splits"], recipe["valid_split"]) == ("fold:1/3:valid", "valid")
    with pytest.raises(ConfigError, match="there must be 3 or more"):
        train_folds(config, dataset, tmp_path / "two", 2, source=dataset.splits()[0], device=CPU)  # type: ignore[arg-type]


def test_no_person_is_on_both_sides(own: Path, tmp_path: Path) -> None:
    """What each fold was trained on is read back from its recipe, and what it tested from its file.

    Without ``subject:``, the same people are on both sides.
    """
    data = ("--data", own, "--dataset", "folder", "--option", r"subject=(person\d+)_")

    def people(folder: Path, number: int) -> tuple[set[str], set[str]]:
        recipe = json.loads((fold_folder(folder, number) / "recipe.json").read_text())
        dataset = open_dataset(own, "folder", recipe["dataset_options"])
        parts = resplit(dataset, recipe["splits"], recipe["splits_from"], recipe["splits_seed"])
        who = {s.key: str(s.subject) for part in parts.splits() for s in parts.samples(part)}  # type: ignore[union-attr]
        kept = kept_fold(folder, number)
        assert kept is not None
        trained = {str(sample.subject) for sample in parts.samples(recipe["train_split"])}  # type: ignore[union-attr]
        return trained, {who[key] for key in kept[0].keys}

    assert (
        mien("evaluate", "majority", *data, "--folds", "subject:3", "--out", tmp_path / "by") == 0
    )
    assert mien("evaluate", "majority", *data, "--folds", "3", "--out", tmp_path / "any") == 0
    tested = []
    for number in (1, 2, 3):
        trained, held_out = people(tmp_path / "by", number)
        assert trained and held_out and not trained & held_out
        tested += sorted(held_out)
        trained, held_out = people(tmp_path / "any", number)
        assert trained & held_out
    assert sorted(tested) == sorted({f"person{number}" for number in range(10)})


def test_the_commands_end_to_end(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ("--data", own, "--dataset", "folder", "--folds", 3)
    one, two = tmp_path / "one", tmp_path / "two"
    assert mien("evaluate", "mlp", *data, "--out", one, *SET, "--device", "cpu") == 0
    shown = capsys.readouterr().out
    assert f"mlp on {own.name}, 3 folds" in shown and "Nadeau and Bengio" in shown
    assert mien("evaluate", "default", *data, "--out", two, "--json") == 0
    measured = json.loads(capsys.readouterr().out)
    assert [fold["trained"] for fold in measured["folds"]] == [None] * 3
    accuracies = [fold["scores"]["accuracy"] for fold in measured["folds"]]
    assert measured["spread"]["accuracy"]["mean"] == pytest.approx(np.mean(accuracies))
    assert mien("compare", one, two, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert {row["name"] for row in found["rows"]} == {"one", "two"}
    assert 0 <= found["pairs"][0]["p"] <= 1
    assert mien("compare", one, two) == 0
    assert "corrected resampled t-test" in capsys.readouterr().out


def test_reports(own: Path, tmp_path: Path) -> None:
    pytest.importorskip("jinja2")
    from mien.evaluation.classification.cross_validation import compare_folds, cross_validation
    from mien.reports.cross_validation import folds_comparison_report, folds_report
    from mien.reports.page import Origin
    from tests.evaluation.classification.test_cross_validation import fold_answers

    found = cross_validation(fold_answers(0), [160] * 5)
    html = folds_report(found, Origin("mien evaluate", "<b>", "own"))
    assert "5 folds" in html and f"{found.spread['accuracy'].mean:.2%}" in html
    assert "&lt;b&gt;" in html and "<b>" not in html.partition("<main")[2].replace("<b>-", "")
    other = cross_validation(fold_answers(0, 0.5), [160] * 5)
    html = folds_comparison_report(compare_folds({"a": found, "b": other}), Origin("m", "", ""))
    assert "corrected resampled t-test" in html and "Differences" in html


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["mlp", "--folds", "3"], "--out is missing"),
        (["mlp", "--folds", "1", "--out", "x"], "2 to 100 folds"),
        (["mlp", "--folds", "group:3", "--out", "x"], "a number, or subject:5"),
        (["default", "--folds", "3", "--set", "epochs=1"], "--set is for a recipe"),
        (["default", "--folds", "3", "--splits", "random:90/10"], "--splits has no meaning"),
        (["default", "--out", "x"], "--out needs --folds"),
        (["faster_rcnn_mobile", "--folds", "3", "--out", "x"], "trains a face detector"),
        (["mtcnn", "--folds", "3"], "mtcnn is a face detector"),
        (["default", "--folds", "subject:3"], "cannot be divided by subject"),
    ],
)
def test_what_cannot_be_folded(
    own: Path, args: list[str], expected: str, capsys: pytest.CaptureFixture[str],
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    name, *rest = args
    assert mien("evaluate", name, "--data", own, "--dataset", "folder", *rest) in (1, 2)
    error = capsys.readouterr().err
    assert expected in error and not (tmp_path / "x").exists()


def test_folders_that_do_not_fit(own: Path, tmp_path: Path) -> None:
    dataset = open_dataset(own, "folder")
    keys = {**SMALL, "dataset": "folder"}
    (source,) = dataset.splits()
    config = load_recipe("mlp", values=keys)
    train_folds(config, dataset, tmp_path, 2, source=source, device=CPU)  # type: ignore[arg-type]
    other = load_recipe("mlp", values={**keys, "lr": 0.5})
    with pytest.raises(ConfigError, match="holds another cross-validation"):
        train_folds(other, dataset, tmp_path, 2, source=source, device=CPU)  # type: ignore[arg-type]
    next((own / "happiness").iterdir()).unlink()
    with pytest.raises(ConfigError, match="cross-validation of other data"):
        train_folds(config, open_dataset(own, "folder"), tmp_path, 2, source=source, device=CPU)  # type: ignore[arg-type]
    (tmp_path / "fold-2" / DONE).unlink()
    with pytest.raises(InputError, match="fold 2 of 2 is not done"):
        load_folds(tmp_path)
    for text in ("{", "[]", '{"trained": -3}'):
        (tmp_path / "fold-2" / DONE).write_text(text)
        with pytest.raises(InputError, match="is damaged"):
            load_folds(tmp_path)
