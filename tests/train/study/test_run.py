from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")
pytest.importorskip("sklearn")

from mien.classifiers.onnx import OnnxClassifier  # noqa: E402
from mien.errors import ConfigError, TrainingError  # noqa: E402
from mien.evaluation.classification.cost import Cost  # noqa: E402
from mien.evaluation.classification.predictions import Predictions  # noqa: E402
from mien.evaluation.kept_answers import predictions_path  # noqa: E402
from mien.train import checkpoint  # noqa: E402
from mien.train.classification import measure_cost  # noqa: E402
from mien.train.study import plan, report  # noqa: E402
from mien.train.study import run as study  # noqa: E402
from mien.weights import DEFAULT  # noqa: E402
from tests.support.answers import answers  # noqa: E402
from tests.support.tiny import Faces, write_csv  # noqa: E402

CPU = torch.device("cpu")
SMALL = {
    "splits": "random:80/20", "train_split": "train", "valid_split": "valid", "resize": 16,
    "input_size": 16, "widths": [8], "batch_size": 32, "epochs": 2, "ema": 0.5,
}  # fmt: skip


@pytest.fixture
def no_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    """An export takes seconds; tests/train/classification/test_measure_cost.py makes some."""
    monkeypatch.setattr(study, "run_cost", lambda *_: Cost(parameters=1))


def entry(**changes: Any) -> plan.Entry:
    published = plan.Published((20.0, 22.8), "FER2013", "others")
    return plan.Entry("mlp", {**SMALL, **changes}, published)


@pytest.mark.usefixtures("no_costs")
def test_a_run_that_was_trained_elsewhere_is_measured(tmp_path: Path) -> None:
    study.run_entry(entry(epochs=1), Faces(), tmp_path / "there", device=CPU)
    state = checkpoint.load(tmp_path / "there/runs/mlp/last.pt")
    folder = tmp_path / "here/runs/mlp"
    folder.mkdir(parents=True)
    # Averaged weights alone, without metrics: nothing can be trained from it.
    checkpoint.save({**state, "model": {}, "optimizer": {}}, folder / "last.pt")
    study.run_entry(entry(epochs=1), Faces(), tmp_path / "here", device=CPU)
    both = [Predictions.load(predictions_path(f, "public"))
            for f in (folder, tmp_path / "there/runs/mlp")]  # fmt: skip
    assert (both[0].probs == both[1].probs).all()
    row = report.collect([entry(epochs=1)], tmp_path / "here", "data.csv")[0]
    assert row["epochs"] == 1 and row["train_seconds"] is None
    with pytest.raises(ConfigError, match="another recipe"):
        study.run_entry(entry(epochs=1, batch_size=16), Faces(), tmp_path / "here", device=CPU)


@pytest.mark.usefixtures("no_costs")
def test_a_finished_run_stays_and_an_unfinished_one_continues(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    epochs: list[int] = []

    class Killed(BaseException):
        pass

    def kill(row: dict[str, Any]) -> None:
        raise Killed

    with pytest.raises(Killed):
        study.run_entry(entry(), Faces(), tmp_path, device=CPU, on_epoch=kill)
    folder = tmp_path / "runs" / "mlp"
    assert not (folder / plan.FAILED).exists()  # stopped is not failed
    study.run_entry(
        entry(), Faces(), tmp_path, device=CPU, on_epoch=lambda row: epochs.append(row["epoch"])
    )
    assert epochs == [2]
    valid = Predictions.load(predictions_path(folder, "valid"))
    public = Predictions.load(predictions_path(folder, "public"))
    assert len(public) == 128 and public.splits == "official" and public.repeats_of == "train"
    assert len(valid) + checkpoint.load(folder / "last.pt")["facts"]["pictures"] == 128
    assert valid.splits == "random:80/20"

    before = (folder / plan.COST).stat().st_mtime_ns
    monkeypatch.setattr(study, "train", None)  # a finished run is not trained again
    study.run_entry(entry(), Faces(), tmp_path, device=CPU)
    assert (folder / plan.COST).stat().st_mtime_ns == before
    (folder / plan.COST).unlink()  # nor is one that lacks only its costs
    monkeypatch.setattr(study, "run_cost", lambda *_: Cost(parameters=2))
    study.run_entry(entry(), Faces(), tmp_path, device=CPU)
    assert Cost.load(folder / plan.COST).parameters == 2


@pytest.mark.usefixtures("no_costs")
def test_a_whole_study_reports_to_its_watcher(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study, "plan", lambda *_: [entry(batch_size=4096), majority])
    monkeypatch.setattr(study, "measure_shipped", lambda *_: None)
    majority = plan.Entry("majority", {**SMALL, "widths": [8, 8, 8, 8]}, None)
    seen: list[tuple[Any, ...]] = []

    class Seen(study.Watcher):
        def begins(self, number: int, count: int, entry: plan.Entry) -> None:
            seen.append((number, count, entry.recipe))

        def failed(self, entry: plan.Entry, reason: str) -> None:
            seen.append((entry.recipe, reason))

    data = write_csv(tmp_path / "fer2013.csv")
    result = study.run_study(data, tmp_path / "my study", device=CPU, watcher=Seen())
    assert [seen[0], seen[2]] == [(1, 2, "mlp"), (2, 2, "majority")]
    assert seen[1][0] == "mlp" and "batch of 4096" in seen[1][1]
    assert result.failed == ["mlp"]
    assert [row["status"] for row in result.rows] == ["failed", "done"]
    written = json.loads((tmp_path / "my study" / "study.json").read_text())
    assert written["rows"] == result.rows
    assert written["command"] == ("mien study --data fer2013.csv --out 'my study' --schedule short")


@pytest.mark.usefixtures("no_costs")
def test_a_study_of_other_data_or_of_another_process_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study, "plan", lambda *_: [])
    monkeypatch.setattr(study, "write", lambda *_: None)
    out, data, other = tmp_path / "study", tmp_path / "a.csv", tmp_path / "b.csv"
    write_csv(data)
    monkeypatch.setattr(study, "measure_shipped", lambda *_: study.run_study(data, out, device=CPU))
    with pytest.raises(ConfigError, match=r"is running a study in .*: wait"):
        study.run_study(data, out, device=CPU)
    monkeypatch.setattr(study, "measure_shipped", lambda *_: None)
    study.run_study(data, out, device=CPU)
    study.run_study(data, out, device=CPU)
    lines = data.read_text().splitlines()
    other.write_text("\n".join([lines[0], lines[2], lines[1], *lines[3:]]))
    with pytest.raises(ConfigError, match=r"a study of other data: .* its split 'train' is "):
        study.run_study(other, out, device=CPU)
    # A study of version 0.1.0 has its answers only.
    (out / plan.DATA).unlink()
    path = predictions_path(out / "runs" / "mlp", "public")
    path.parent.mkdir(parents=True)
    answers(fingerprint="0123").save(path)
    with pytest.raises(ConfigError, match=r"its split 'public' is 0123"):
        study.run_study(data, out, device=CPU)
    path.unlink()
    study.run_study(other, out, device=CPU)


@pytest.mark.usefixtures("no_costs")
def test_a_failure_is_noted_until_it_is_fixed(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "mlp"
    with pytest.raises(TrainingError):
        study.run_entry(entry(batch_size=4096), Faces(), tmp_path, device=CPU)
    rows = report.collect([entry(batch_size=4096)], tmp_path, "fer2013.zip")
    assert [row["status"] for row in rows] == ["failed"]
    assert "batch of 4096" in rows[0]["error"]
    assert f"`mlp`: {rows[0]['error']}" in report.markdown(rows, "mien study", "short")
    study.run_entry(entry(), Faces(), tmp_path, device=CPU)
    assert not (folder / plan.FAILED).exists()
    (row,) = report.collect([entry()], tmp_path, "fer2013.zip")
    assert row["status"] == "done"


def test_another_shipped_model_is_measured_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure_cost, "SECONDS", 0.0)
    study.measure_shipped(Faces(), tmp_path)
    kept = predictions_path(tmp_path / "runs" / plan.SHIPPED, "public")
    first, cost = Predictions.load(kept), kept.parent.parent / plan.COST
    cost.write_text("as it was")
    study.measure_shipped(Faces(), tmp_path)
    assert cost.read_text() == "as it was"
    replace(first, model_hash="of before").save(kept)
    study.measure_shipped(Faces(), tmp_path)
    assert Predictions.load(kept).model_hash == first.model_hash
    assert cost.read_text() != "as it was"


def test_the_tables_have_the_figures_of_the_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure_cost, "SECONDS", 0.0)
    study.run_entry(entry(), Faces(), tmp_path, device=CPU)
    study.measure_shipped(Faces(), tmp_path)
    rows = report.collect([entry()], tmp_path, "fer2013.zip")
    report.write(rows, tmp_path, "mien study --data fer2013.zip", "short")
    assert json.loads((tmp_path / "study.json").read_text())["rows"] == rows
    mlp, shipped = rows
    folder = tmp_path / "runs" / "mlp"
    public = Predictions.load(predictions_path(folder, "public"))
    metrics = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert mlp["public"]["accuracy"] == (public.predicted == public.labels).mean()
    # The trainer measured the same weights on the same pictures by itself.
    assert mlp["valid"]["accuracy"] == pytest.approx(metrics[-1]["valid_accuracy"], abs=1e-5)
    assert mlp["epochs"] == 2 and mlp["seed"] == 0 and mlp["weights"] == "scratch"
    # 256 inputs → 8 → 7, with biases; normalisation layers may add a few.
    assert mlp["cost"]["parameters"] >= 256 * 8 + 8 + 8 * 7 + 7
    assert shipped["name"] == "default, as shipped"
    assert shipped["epochs"] == int(OnnxClassifier(DEFAULT).spec.card["epochs"].split()[0])
    assert shipped["valid"] is None

    text = (tmp_path / "study.md").read_text()
    (line,) = [line for line in text.splitlines() if line.startswith("| mlp | 20 to 22.8 % |")]
    assert f"**{mlp['public']['accuracy']:.1%}**" in line
    assert (tmp_path / "study.png").stat().st_size > 10_000

    (folder / "predictions" / "valid.npz").write_bytes(b"torn")
    damaged, kept = report.collect([entry()], tmp_path, "fer2013.zip")
    assert damaged["status"] == "failed" and "valid.npz" in damaged["error"]
    assert kept == shipped  # one damaged run does not affect the others
