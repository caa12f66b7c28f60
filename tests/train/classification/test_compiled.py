from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from mien.errors import TrainingError
from tests.support import tiny
from tests.support.runs import CPU, equal, state, train

torch = pytest.importorskip("torch")

from mien.train.classification import compiled as module  # noqa: E402
from mien.train.classification.classifier import load_classifier_run  # noqa: E402
from mien.train.classification.compiled import compiled  # noqa: E402


def test_what_is_compiled_is_called_and_the_checkpoint_is_that_of_any_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = list[Any]()

    def fake(function: Any, **_: Any) -> Any:
        def counted(x: Any) -> Any:
            calls.append(x.shape)
            return function(x)

        return counted

    monkeypatch.setattr(torch, "compile", fake)
    train(tiny.config(compile=True, epochs=1), tmp_path / "compiled")
    assert [shape for shape in calls if len(shape) == 4] == [(32, 1, 44, 44)] * 3
    monkeypatch.undo()
    train(tiny.config(epochs=1), tmp_path / "plain")
    found, plain = state(tmp_path / "compiled"), state(tmp_path / "plain")
    assert equal(found["model"], plain["model"]) and equal(found["ema"], plain["ema"])
    assert not any("_orig_mod" in name for name in found["model"])
    load_classifier_run(tmp_path / "compiled")


def test_without_a_compiler_the_run_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        def fail(_: Any) -> Any:
            raise RuntimeError("No working C++ compiler found\nand pages more")

        return fail

    monkeypatch.setattr(torch, "compile", broken)
    expected = r"cannot compile for cpu here \(No working C\+\+ compiler found\): install .*g\+\+"
    with pytest.raises(TrainingError, match=expected) as caught:
        train(tiny.config(compile=True), tmp_path / "run")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_a_network_that_cannot_be_compiled_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(function: Any, **_: Any) -> Any:
        def fail(_: Any) -> Any:
            raise torch._dynamo.exc.Unsupported("data-dependent branch")

        return function if function is module._probe else fail

    monkeypatch.setattr(torch, "compile", broken)
    body = compiled(torch.nn.Identity(), CPU)
    with pytest.raises(TrainingError, match=r"cannot compile this network .*compile=false"):
        body(torch.zeros(1))


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("g++"), reason="needs a C++ compiler")
def test_a_compiled_run_learns_and_resumes_as_any_other(tmp_path: Path) -> None:
    config = tiny.config(
        compile=True, epochs=3, dropout=0.0, size_schedule=[[0.4, 32]], valid_split=None
    )

    def stop(row: dict[str, Any]) -> None:
        if row["epoch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(config, tmp_path / "run", on_epoch=stop)
    rows = train(config, tmp_path / "run", resume=True)
    whole = train(config, tmp_path / "whole")
    assert equal(state(tmp_path / "run"), state(tmp_path / "whole"))
    plain = train(tiny.config(**{**config.to_dict(), "compile": False}), tmp_path / "plain")
    for a, b, c in zip(rows, whole, plain, strict=True):
        assert a["train_loss"] == b["train_loss"]
        assert a["train_loss"] == pytest.approx(c["train_loss"], rel=1e-2)
