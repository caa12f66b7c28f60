from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from mien.errors import ConfigError, MienError, ModelFileError, OutputError
from tests.support import tiny
from tests.support.few_scenes import TINY

torch = pytest.importorskip("torch")

from mien.train import checkpoint  # noqa: E402
from mien.train.classification.classifier import load_classifier_run  # noqa: E402

WHOLE = {
    "config": {}, "labels": [], "ferplus": False, "epochs_done": 1, "model": {}, "ema": {},
    "ema_updates": 1, "optimizer": {},
}  # fmt: skip


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    checkpoint.save({**WHOLE, "model": {"w": torch.arange(3)}}, path)
    assert torch.equal(checkpoint.load(path)["model"]["w"], torch.arange(3))
    assert [p.name for p in tmp_path.iterdir()] == ["last.pt"]


def test_a_foreign_pickle_is_never_executed(tmp_path: Path) -> None:
    trap = tmp_path / "executed"

    class Trap:
        def __reduce__(self) -> object:
            return os.mkdir, (str(trap),)

    torch.save({**WHOLE, "model": Trap()}, tmp_path / "evil.pt")
    with pytest.raises(ModelFileError, match=r"evil\.pt is not a checkpoint"):
        checkpoint.load(tmp_path / "evil.pt")
    assert not trap.exists()


@pytest.mark.parametrize("content", [b"", b"no checkpoint at all", b"PK\x03\x04 cut short"])
def test_a_damaged_file_is_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "last.pt").write_bytes(content)
    with pytest.raises(ModelFileError, match="damaged") as caught:
        load_classifier_run(tmp_path)
    assert "\n" not in str(caught.value)


def test_missing_and_foreign_files(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="give the folder of a 'mien train' run"):
        load_classifier_run(tmp_path)
    torch.save({"state_dict": {}}, tmp_path / "other.pt")
    with pytest.raises(ModelFileError, match="not a checkpoint of 'mien train'"):
        load_classifier_run(tmp_path / "other.pt")


@pytest.mark.parametrize(
    "changed",
    [
        {"config": 3},
        {"labels": [1, 2]},
        {"ema": [torch.zeros(1)]},
        {"best": 3},
        {"facts": None},
        {"watch": 3},
        {"epochs_done": "two"},
    ],
)
def test_a_value_of_another_kind_is_one_line(tmp_path: Path, changed: dict[str, object]) -> None:
    torch.save({**WHOLE, **changed}, tmp_path / "last.pt")
    with pytest.raises(
        ModelFileError, match=f"is not a checkpoint .*its {next(iter(changed))} "
    ) as e:
        load_classifier_run(tmp_path)
    assert "\n" not in str(e.value)


def nested(depth: int) -> object:
    return [nested(depth - 1)] if depth else "end"


@pytest.mark.parametrize(
    "changed",
    [
        {"epochs_done": -1}, {"epochs_done": True}, {"epochs_done": 10**30},
        {"ema_updates": 10**30},
        {"ema_ramp": 1},
        {"config": {1: 2}}, {"config": {"name": torch.zeros(1)}}, {"config": {"name": nested(50)}},
        {"config": {"name": 10**40}},
        {"facts": {"hardware": torch.zeros(1)}}, {"facts": {(1, 2): 3}},
        {"watch": {"rate": "fast"}}, {"watch": {"rate": [1.0]}},
        {"model": {"w": 3}}, {"ema": {3: torch.zeros(1)}}, {"best": {"w": [torch.zeros(1)]}},
        {"ema": {"w": torch.zeros(1).expand(10**15)}},
        {"ema": {"w": torch.zeros(3).to_sparse()}},
    ],
    ids=lambda changed: f"{next(iter(changed))} {str(next(iter(changed.values())))[:30]}",
)  # fmt: skip
def test_a_hostile_value_is_one_line(tmp_path: Path, changed: dict[str, object]) -> None:
    torch.save({**WHOLE, **changed}, tmp_path / "last.pt")
    with pytest.raises(ModelFileError, match="is not a checkpoint of 'mien train': its ") as caught:
        load_classifier_run(tmp_path)
    assert "\n" not in str(caught.value)


def test_parts_larger_than_the_file_are_not_unpacked(tmp_path: Path) -> None:
    torch.save({**WHOLE, "model": {"w": torch.zeros(1 << 18)}}, tmp_path / "stored.pt")
    with (
        zipfile.ZipFile(tmp_path / "stored.pt") as stored,
        zipfile.ZipFile(tmp_path / "last.pt", "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for part in stored.infolist():
            packed.writestr(part.filename, stored.read(part))
    with pytest.raises(ModelFileError, match="or damaged"):
        checkpoint.load(tmp_path / "last.pt")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_named_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "last.pt")
    with pytest.raises(ModelFileError, match="cannot be read: it is a named pipe"):
        checkpoint.load(tmp_path / "last.pt")


def test_any_byte_may_be_damaged(run: Path, tmp_path: Path) -> None:
    """Whatever is changed, a checkpoint loads or is refused in one line."""
    whole = (run / "last.pt").read_bytes()
    rng = np.random.default_rng(3)
    refused = 0
    for _ in range(60):
        data = bytearray(whole[: rng.integers(1, len(whole))] if rng.random() < 0.2 else whole)
        for place in rng.integers(0, len(data), 40):
            data[place] = rng.integers(256)
        (tmp_path / "last.pt").write_bytes(data)
        try:
            load_classifier_run(tmp_path)
        except MienError as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused


def test_a_recipe_that_does_not_fit_the_weights_is_one_line(run: Path, tmp_path: Path) -> None:
    state = checkpoint.load(run / "last.pt")
    for changed in ({"widths": [9, 8, 8, 8]}, {"widths": [65536] * 4}):
        checkpoint.save({**state, "config": {**state["config"], **changed}}, tmp_path / "last.pt")
        with pytest.raises(ModelFileError, match="does not fit its own recipe") as caught:
            load_classifier_run(tmp_path)
        assert "\n" not in str(caught.value)


def test_a_run_is_never_overwritten_silently(run: Path) -> None:
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    with pytest.raises(ConfigError, match="--resume"):
        checkpoint.check(run, tiny.config(), resume=False)
    with pytest.raises(ConfigError, match=r"another recipe \(.*ferplus_weight = 1.0"):
        checkpoint.check(run, tiny.config(), resume=True)
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before


def test_a_reworded_description_does_not_stop_a_run_from_resuming(tmp_path: Path) -> None:
    config = {**tiny.config().to_dict(), "description": "In other words."}
    checkpoint.save({**WHOLE, "config": config}, tmp_path / checkpoint.CHECKPOINT)
    checkpoint.check(tmp_path, tiny.config(), resume=True)


def test_a_run_may_go_on_with_or_without_graphs(tmp_path: Path) -> None:
    checkpoint.save({**WHOLE, "config": tiny.config().to_dict()}, tmp_path / checkpoint.CHECKPOINT)
    checkpoint.check(tmp_path, tiny.config(cuda_graphs=False), resume=True)


def test_several_teachers_are_kept(tmp_path: Path) -> None:
    config = tiny.config(teacher=["a", "b"])
    checkpoint.save({**WHOLE, "config": config.to_dict()}, tmp_path / checkpoint.CHECKPOINT)
    checkpoint.check(tmp_path, config, resume=True)
    with pytest.raises(ConfigError, match=r"another recipe \(teacher = \['a', 'b'\]\)"):
        checkpoint.check(tmp_path, tiny.config(teacher="a"), resume=True)


def test_a_checkpoint_from_before_a_key_existed_resumes(tmp_path: Path) -> None:
    config = tiny.config().to_dict()
    checkpoint.save({**WHOLE, "config": {k: v for k, v in config.items() if k != "flip"}},
                    tmp_path / checkpoint.CHECKPOINT)  # fmt: skip
    checkpoint.check(tmp_path, tiny.config(), resume=True)


def test_a_detectors_run_has_no_votes(tmp_path: Path) -> None:
    """Only a classifier's checkpoint needs ``ferplus``."""
    state = {key: value for key, value in WHOLE.items() if key != "ferplus"}
    checkpoint.save({**state, "config": TINY.to_dict()}, tmp_path / "last.pt")
    assert checkpoint.is_detector(checkpoint.load(tmp_path / "last.pt"))
    checkpoint.check(tmp_path, TINY, resume=True)
    with pytest.raises(ModelFileError, match="run of a face detector: give that of a classifier"):
        load_classifier_run(tmp_path)
    checkpoint.save({**state, "config": tiny.config().to_dict()}, tmp_path / "last.pt")
    with pytest.raises(ModelFileError, match="not a checkpoint of 'mien train'"):
        checkpoint.load(tmp_path / "last.pt")


def test_a_run_of_the_other_kind_is_not_resumed(run: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the run of a classifier, and the recipe trains a face"):
        checkpoint.check(run, TINY, resume=True)
    checkpoint.save({**WHOLE, "config": TINY.to_dict()}, tmp_path / "last.pt")
    with pytest.raises(ConfigError, match="run of a face detector, and the recipe trains a cl"):
        checkpoint.check(tmp_path, tiny.config(), resume=True)


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"cannot write .*run"):
        checkpoint.prepare(tmp_path / "file" / "run", tiny.config())


def test_the_hash_tells_networks_apart(run: Path) -> None:
    net, *_ = load_classifier_run(run)
    first = checkpoint.weights_hash(net)
    assert first == checkpoint.weights_hash(load_classifier_run(run)[0])
    next(net.parameters()).data[0] += 1e-3
    assert checkpoint.weights_hash(net) != first


def test_a_checkpoint_is_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "last.pt")
    with pytest.raises(ModelFileError, match=r"cannot be read: it is a named pipe"):
        checkpoint.load(tmp_path / "last.pt")
