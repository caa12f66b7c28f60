from __future__ import annotations

from pathlib import Path

import pytest

from mien.errors import ConfigError, UnknownNameError
from mien.train.recipe import load_recipe
from mien.train.tuning.space import SPACES, Choices, Range, Space, load_space
from tests.support import tiny

BASE = tiny.config(splits="random:90/10", valid_split="valid")


def read(tmp_path: Path, text: str) -> Space:
    path = tmp_path / "space.toml"
    path.write_text(text)
    return load_space(path, BASE)


def test_all_forms_are_read(tmp_path: Path) -> None:
    space = read(
        tmp_path,
        """
        lr = { low = 1e-4, high = 1, log = true }
        dropout = { low = 0, high = 0.5, step = 0.1 }
        batch_size = { choices = [32, 64] }
        patience = { low = 2, high = 8, step = 3 }
        widths = { choices = [[8, 8, 8, 8], [16, 16, 16, 16]] }
        optimizer = ["sgd", "adam"]
        """,
    )
    assert list(space.keys) == ["lr", "dropout", "batch_size", "patience", "widths", "optimizer"]
    assert space.keys["lr"] == Range(1e-4, 1.0, None, True, False)
    assert space.keys["dropout"].values() == (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
    assert space.keys["patience"].values() == (2, 5, 8)
    assert space.keys["widths"] == Choices(("[8, 8, 8, 8]", "[16, 16, 16, 16]"))
    config = space.config(BASE, {"lr": 0.5, "widths": "[16, 16, 16, 16]", "optimizer": "adam"})
    assert (config.lr, config.widths, config.optimizer) == (0.5, (16, 16, 16, 16), "adam")
    assert config.epochs == BASE.epochs


def test_a_grid_is_every_combination(tmp_path: Path) -> None:
    space = read(tmp_path, "lr = [0.1, 0.2, 0.3]\nseed = { low = 0, high = 3 }")
    points = space.grid()
    assert len(points) == len({tuple(point.items()) for point in points}) == 12
    assert points[0] == {"lr": 0.1, "seed": 0}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lrr = [1.0]", "did you mean 'lr'?"),
        ("lr = { lo = 1 }", "did you mean 'low'?"),
        ("lr = { low = 0.1 }", "needs low and high"),
        ("lr = { low = 1, high = 0.1 }", "low (1.0) is above high (0.1)"),
        ("lr = { low = 0, high = 1, log = true }", "log needs a low above 0"),
        ("lr = { low = 0.1, high = 1, log = true, step = 0.1 }", "exclude each other"),
        ("lr = { low = 0.1, high = 1, log = 1 }", "true or false"),
        ("lr = { low = 0.1, high = 1, step = 0.4 }", "lead from low to high"),
        ("lr = { low = 0.1, high = 1, step = -0.1 }", "must be positive"),
        ("lr = { low = 0.1, high = inf }", "must be a finite number"),
        ("batch_size = { low = 1.5, high = 2 }", "must be a whole number"),
        ("optimizer = { low = 1, high = 2 }", "is not a number: list its choices"),
        ("optimizer = 'sgd'", "must be a list of choices"),
        ("lr = []", "is empty"),
        ("lr = [0.1, 0.1]", "twice"),
        ("lr = { choices = [0.1], low = 1 }", "without low, high, step or log"),
        ("lr = [[0.1]]", "is not a value for this key"),
        ("valid_split = ['public', 'valid']", "cannot be tuned"),
        ("", "names no key"),
        ("lr = ", "is not valid TOML"),
        ("lr = [1979-05-27]", "is a date or time"),
        ("lr = { low = 0.1, high = " + "9" * 400 + " }", "does not fit into 64 bits"),
        ("lr = " + "[" * 3000, "lists or objects inside each other"),
        ("lr = [inf]", "choices must be finite"),
        ("widths = [[nan, 1]]", "choices must be finite"),
        ("lr = { low = 0, high = 1e300, step = 1e-300 }", "lead from low to high"),
        ("lr = { low = 0.1, high = nan }", "must be a finite number"),
        ("lr = { low = true, high = 1 }", "must be a finite number"),
        ("batch_size = { low = 8.0, high = 16 }", "must be a whole number"),
        ("batch_size = [" + "9" * 18 + "]", "batch_size must be positive, at most"),
        # what the recipe would refuse
        ("dropout = { low = 0.0, high = 1.5 }", "dropout = 1.5 is refused"),
        ("lr = { low = 0.0, high = 1.0 }", "lr must be positive"),
        ("optimizer = ['sgd', 'rmsprop']", "optimizer must be sgd, adam or adamw"),
        ("batch_size = [32, 512]", "batch_size = 512 is refused"),
        ("widths = [[8, 8]]", "one value per stage"),
        ("epochs = ['three']", "must be a whole number"),
        ("loss = ['cross_entropy', 'svm']", "set label_smoothing to 0"),
    ],
)
def test_what_cannot_work_is_refused_before_the_first_trial(
    tmp_path: Path, text: str, expected: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value).replace(str(caught.value.__cause__), "")


def test_a_value_that_needs_another_is_let_through(tmp_path: Path) -> None:
    """``svm`` alone is refused above; here one of its combinations works."""
    space = read(tmp_path, "loss = ['cross_entropy', 'svm']\nlabel_smoothing = [0.0, 0.1]")
    with pytest.raises(ConfigError, match="hard labels"):
        space.config(BASE, {"loss": "svm", "label_smoothing": 0.1})


def test_an_unknown_architecture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'resnet'"):
        read(tmp_path, "architecture = ['resnet', 'resnett']")


def test_a_grid_needs_single_values(tmp_path: Path) -> None:
    space = read(tmp_path, "lr = { low = 0.1, high = 1 }")
    with pytest.raises(ConfigError, match="lr is a range without a step"):
        space.grid()


def test_a_grid_that_nobody_can_train(tmp_path: Path) -> None:
    space = read(tmp_path, "seed = { low = 0, high = 4294967295 }")
    with pytest.raises(ConfigError, match=r"4,294,967,296 combinations is too large"):
        space.count_trials("grid", 5)
    assert space.count_trials("random", 5) == 5


def test_the_spaces_that_ship_fit_their_recipes() -> None:
    assert sorted(path.stem for path in SPACES.glob("*.toml")) == ["classic", "default"]
    assert load_space("default", load_recipe("default")).keys["lr"]
    for recipe in ("cnn", "cnn3"):
        assert len(load_space("classic", load_recipe(recipe)).grid()) == 72


def test_missing_ones_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'default'"):
        load_space("defalt", BASE)
    with pytest.raises(ConfigError, match="cannot read"):
        load_space(tmp_path / "none.toml", BASE)
