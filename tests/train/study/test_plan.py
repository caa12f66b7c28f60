from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from mien.errors import UnknownNameError
from mien.train.recipe import load_recipe
from mien.train.study.plan import SCHEDULES, plan

TABLE = [
    "majority", "knn", "mlp", "cnn3", "cnn", "cnn_stack", "cnn_residual", "resnet18", "resnet50",
    "vgg16", "mobilenet", "mobilenet_v3", "resnext50", "efficientnet_b0", "convnext_tiny", "unet",
    "default", "se_resnet18",
]  # fmt: skip


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("from_scratch", [False, True])
def test_every_classifier_has_a_recipe_on_one_protocol(schedule: str, from_scratch: bool) -> None:
    entries = plan(schedule, (), from_scratch)
    assert sorted(e.recipe for e in entries) == sorted(TABLE)
    for planned in entries:
        config = planned.config()
        assert (config.dataset, config.splits) == ("auto", "random:90/10")
        assert (config.train_split, config.valid_split) == ("train", "valid")
        if from_scratch or schedule == "short":
            assert config.weights is None


def test_the_command_of_a_row_is_its_run() -> None:
    for schedule in SCHEDULES:
        for planned in plan(schedule, (), from_scratch=True):
            words = shlex.split(planned.command("fer2013.zip"))
            assert words[:3] == ["mien", "train", planned.recipe]
            sets = [words[i + 1] for i, word in enumerate(words) if word == "--set"]
            assert load_recipe(planned.recipe, sets) == planned.config()


def test_only_some_classifiers() -> None:
    assert [e.recipe for e in plan("short", ("mlp", "majority"))] == ["majority", "mlp"]
    with pytest.raises(UnknownNameError, match="did you mean 'mobilenet'"):
        plan("short", ("mobilnet",))


@pytest.mark.parametrize("name", ["vgg16", "resnet18"])
def test_the_full_schedule_is_that_of_the_recorded_runs(name: str, shared: Path) -> None:
    path = shared / "weights" / "runs" / name / "recipe.json"
    if not path.exists():
        pytest.skip(f"this run is not there: {path}")
    recorded = json.loads(path.read_text("utf-8"))
    (planned,) = plan("full", (name,))
    own = planned.config().to_dict()
    # The reader is found by "auto" today, and the description is for reading.
    differ = {key for key, value in recorded.items() if own[key] != value}
    assert differ <= {"dataset", "description"}


def test_the_full_schedule_of_mobilenet_is_from_scratch_too() -> None:
    config = plan("full", ("mobilenet",))[0].config()
    assert config.weights is None and not config.freeze_epochs
    assert 64 <= config.input_size == config.resize <= 96
