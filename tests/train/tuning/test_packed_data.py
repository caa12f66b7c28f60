"""A search on a packed data set: its trials know what was packed."""

from __future__ import annotations

from pathlib import Path

import pytest

from mien.datasets.opening import open_dataset
from mien.datasets.packing.pack import pack
from mien.preprocess.framing import FER2013_FRAMING
from mien.train.tuning.space import load_space
from tests.support import fake, fer2013, tiny
from tests.support.fer2013 import Row

torch = pytest.importorskip("torch")
pytest.importorskip("optuna")

from mien.train import checkpoint  # noqa: E402
from mien.train.classification.export import export_classifier  # noqa: E402
from mien.train.tuning.tune import tune  # noqa: E402


def test_a_trial_on_a_pack_frames_and_is_licensed_as_what_was_packed(
    fer2013_rows: list[Row], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.without_figures(monkeypatch.setattr)
    torch.set_num_threads(1)
    table = fer2013.write_csv(tmp_path / "fer2013.csv", fer2013_rows)
    pack(open_dataset(table), table, tmp_path / "pack", size=48)
    packed = open_dataset(tmp_path / "pack", "packed")
    config = tiny.config(
        dataset="packed", splits="random:80/20", valid_split="valid", epochs=1, batch_size=8
    )
    (tmp_path / "space.toml").write_text("lr = [0.05]\n")
    space = load_space(tmp_path / "space.toml", config)
    with fake.without_waiting_for_the_disk():
        tune(config, space, packed, tmp_path / "out", method="grid", device=torch.device("cpu"))
    run = tmp_path / "out" / "trials" / "0"
    assert checkpoint.load(run / checkpoint.CHECKPOINT)["facts"]["data"] == "fer2013"
    spec = export_classifier(run, tmp_path / "model.onnx", weights="float32").spec
    assert (spec.margin, spec.offset) == (FER2013_FRAMING["margin"], FER2013_FRAMING["offset"])
    assert "FER2013" in spec.licence
