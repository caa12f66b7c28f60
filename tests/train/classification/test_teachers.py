from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien.errors import ConfigError, MienError
from tests.support import tiny
from tests.support.runs import equal, state, train

torch = pytest.importorskip("torch")

from mien.train import checkpoint  # noqa: E402
from mien.train.classification.classifier import load_classifier_run  # noqa: E402
from mien.train.classification.config import ClassifierConfig  # noqa: E402
from mien.train.classification.task import Batch, ClassifierTask  # noqa: E402
from mien.train.classification.teachers import Teachers  # noqa: E402
from mien.train.distributed import World  # noqa: E402

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("other")
    train(tiny.config(seed=5, widths=[4, 8, 8, 8]), folder)
    return folder


def test_several_teachers_answer_with_the_mean_of_their_probabilities(
    run: Path, other: Path
) -> None:
    nets = [load_classifier_run(folder)[0] for folder in (run, other)]
    x = torch.randn(6, 1, 44, 44, generator=torch.Generator().manual_seed(0))

    def softened(net: torch.nn.Module, view: torch.Tensor) -> np.ndarray:
        powers = np.exp(net(view).detach().double().numpy() / 3)
        return powers / powers.sum(1, keepdims=True)

    one = Teachers(nets[:1], CPU).log_probabilities(x, 3.0)
    np.testing.assert_allclose(one.exp(), softened(nets[0], x), rtol=1e-4)
    two = Teachers(nets, CPU).log_probabilities(x, 3.0)
    mean = (softened(nets[0], x) + softened(nets[1], x)) / 2
    np.testing.assert_allclose(two.exp(), mean, rtol=1e-4)
    assert not two.requires_grad
    flipped = Teachers(nets[:1], CPU, flip=True).log_probabilities(x, 3.0)
    mirrored = (softened(nets[0], x) + softened(nets[0], x.flip(3))) / 2
    np.testing.assert_allclose(flipped.exp(), mirrored, rtol=1e-4)


def test_teachers_of_a_run_in_bf16_compute_in_it(run: Path) -> None:
    x = torch.randn(6, 1, 44, 44, generator=torch.Generator().manual_seed(0))
    [exact, rounded] = [
        Teachers([load_classifier_run(run)[0]], CPU, bf16=bf16).log_probabilities(x, 3.0)
        for bf16 in (False, True)
    ]
    assert rounded.dtype == torch.float32 and not torch.equal(exact, rounded)
    torch.testing.assert_close(rounded.exp(), exact.exp(), atol=0.02, rtol=0)


def test_a_recipe_names_one_teacher_or_a_list(run: Path, other: Path, tmp_path: Path) -> None:
    assert tiny.config().teachers == ()
    assert tiny.config(teacher="a").teachers == ("a",)
    config = tiny.config(teacher=[str(run), str(other)], distill_flip=True, epochs=1)
    assert config.teachers == (str(run), str(other))
    assert ClassifierConfig.from_dict(config.to_dict()) == config
    train(config, tmp_path / "both")
    train(replace(config, teacher=str(run)), tmp_path / "one")
    assert not equal(state(tmp_path / "both")["ema"], state(tmp_path / "one")["ema"])
    load_classifier_run(tmp_path / "both")


def task(run: Path | None, **keys: Any) -> ClassifierTask:
    """Of views that are turned, erased and mixed, and by default neither blurred nor noisy."""
    mixed = {"mixup": 0.4, "cutmix": 1.0, "mix_probability": 1.0, "erasing": 1.0, "rotation": 20.0}
    teacher = None if run is None else str(run)
    config = tiny.config(teacher=teacher, **{**mixed, "distill_sharp": True, **keys})
    return ClassifierTask(config, tiny.Faces(), CPU, World())


def batches(made: ClassifierTask) -> Iterator[Batch]:
    return (made.prepare(draw) for draw in made.batches(0))


def test_teachers_see_the_same_views_without_blur_and_noise(run: Path) -> None:
    for batch in batches(task(run, noise=1e-7, blur=1e-3)):  # of no consequence
        torch.testing.assert_close(batch.x, batch.taught, atol=1e-4, rtol=0)
    still = {"mix_probability": 0.0, "erasing": 0.0, "rotation": 0.0, "flip": False, "scale": 0.0}
    degraded = task(run, **still, shift=0.0, brightness=0.0, contrast=0.0, noise=0.2, blur=1.0)
    batch = next(batches(degraded))
    rows = next(iter(degraded.batches(0))).rows
    plain = degraded._normalised(degraded.data, rows)
    torch.testing.assert_close(batch.taught, plain, atol=1e-3, rtol=0)
    assert float((batch.x - plain).abs().mean()) > 0.1


def test_without_distill_sharp_or_a_teacher_there_is_one_view(run: Path) -> None:
    for made in (task(run, distill_sharp=False, noise=0.2), task(None, noise=0.2)):
        batch = next(batches(made))
        assert batch.taught is batch.x and batch.x.shape[1:] == (1, 44, 44)


def test_sharp_views_change_what_is_learned(run: Path, tmp_path: Path) -> None:
    config = tiny.config(teacher=str(run), distill_weight=1.0, epochs=1, noise=0.3)
    train(config, tmp_path / "same")
    train(replace(config, distill_sharp=True), tmp_path / "sharp")
    assert not equal(state(tmp_path / "same")["ema"], state(tmp_path / "sharp")["ema"])


def test_a_student_follows_its_teacher(run: Path, tmp_path: Path) -> None:
    keys = {"flip": False, "rotation": 0.0, "scale": 0.0, "shift": 0.0, "erasing": 0.0}
    config = tiny.config(teacher=str(run), distill_weight=1.0, epochs=4, dropout=0.0, **keys)
    before = checkpoint.load(checkpoint.find(run))
    losses = [row["train_loss"] for row in train(config, tmp_path)]
    assert losses[-1] < losses[0]
    assert equal(checkpoint.load(checkpoint.find(run)), before)


def test_a_missing_teacher_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with pytest.raises(ConfigError, match="--teacher RUN"):
        train(tiny.config(needs_teacher=True), folder)
    with pytest.raises(MienError, match="no checkpoint at"):
        train(tiny.config(teacher=str(tmp_path)), folder)
    assert not folder.exists()


def test_a_teacher_of_other_labels_is_refused(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = tiny.Faces.facts
    monkeypatch.setattr(tiny.Faces, "facts", replace(facts, labels=facts.labels[::-1]))
    with pytest.raises(ConfigError, match="same labels in the same order"):
        train(tiny.config(teacher=str(run)), tmp_path / "run")


def test_a_teacher_that_cannot_see_the_views_is_refused(tmp_path: Path) -> None:
    train(tiny.config(architecture="mlp", epochs=1, limit=32), tmp_path / "teacher")
    config = tiny.config(teacher=str(tmp_path / "teacher"), size_schedule=[[0.5, 32]])
    with pytest.raises(ConfigError, match=r"takes only 44×44 pixels, and the .* it 32×32: set"):
        train(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()
