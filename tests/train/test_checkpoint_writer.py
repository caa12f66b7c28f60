from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mien.errors import OutputError

torch = pytest.importorskip("torch")

from mien.train import checkpoint, checkpoint_writer  # noqa: E402
from mien.train.checkpoint_writer import CheckpointWriter, on_cpu  # noqa: E402

Kept = list[tuple[list[dict[str, Any]], dict[str, Any]]]
LONG = 3600.0


class Disk:
    """Stands for ``checkpoint.keep``: notes what it is given, waits or fails if asked to."""

    def __init__(self) -> None:
        self.kept: Kept = []
        self.threads: list[str] = []
        self.free, self.written = threading.Event(), threading.Event()
        self.free.set()
        self.error: Exception | None = None

    def __call__(self, _: Path, rows: Any, state: Any) -> None:
        assert self.free.wait(10)
        if self.error is not None:
            self.written.set()
            raise self.error
        self.kept.append((rows, state))
        self.threads.append(threading.current_thread().name)
        self.written.set()


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    found = Disk()
    monkeypatch.setattr(checkpoint, "keep", found)
    return found


def epochs(disk: Disk) -> list[int]:
    return [len(rows) for rows, _ in disk.kept]


def add(writer: CheckpointWriter, epoch: int) -> None:
    writer.add([{"epoch": e} for e in range(epoch)], {"epochs_done": epoch})


def test_the_first_and_the_last_epoch_are_written(disk: Disk) -> None:
    with CheckpointWriter(Path(), LONG) as writer:
        add(writer, 1)
        assert disk.written.wait(10)
        for epoch in (2, 3, 4):
            add(writer, epoch)
        assert epochs(disk) == [1]
    assert epochs(disk) == [1, 4]
    assert set(disk.threads) == {"checkpoints"}


def test_training_does_not_wait_and_only_the_newest_epoch_is_written(disk: Disk) -> None:
    disk.free.clear()
    with CheckpointWriter(Path(), 1e-3) as writer:
        for epoch in range(1, 6):
            add(writer, epoch)  # returns while the disk hangs
        assert not disk.kept
        disk.free.set()
    assert epochs(disk)[-1] == 5 and len(disk.kept) <= 2


def test_without_an_interval_each_epoch_is_written_at_once(disk: Disk) -> None:
    with CheckpointWriter(Path(), 0) as writer:
        for epoch in (1, 2, 3):
            add(writer, epoch)
            assert epochs(disk) == list(range(1, epoch + 1))
    assert set(disk.threads) == {threading.current_thread().name}


@pytest.mark.parametrize("stop", [KeyboardInterrupt, ValueError])
def test_what_stops_the_run_loses_no_epoch(disk: Disk, stop: type[BaseException]) -> None:
    def run() -> None:
        with CheckpointWriter(Path(), LONG) as writer:
            add(writer, 1)
            assert disk.written.wait(10)
            add(writer, 2)
            raise stop

    with pytest.raises(stop):
        run()
    assert epochs(disk) == [1, 2]


def test_an_error_of_the_thread_is_raised_by_the_next_epoch(disk: Disk) -> None:
    disk.error = OutputError("full")

    def run(after: Callable[[CheckpointWriter], None]) -> None:
        with CheckpointWriter(Path(), LONG) as writer:
            add(writer, 1)
            assert disk.written.wait(10)
            assert writer._thread is not None
            writer._thread.join()
            after(writer)

    with pytest.raises(OutputError, match="full"):
        run(lambda writer: pytest.fail(str(add(writer, 2))))
    with pytest.raises(OutputError, match="full"):
        run(lambda writer: None)  # or at the end
    assert not disk.kept


def test_the_state_is_a_copy(disk: Disk) -> None:
    weights = torch.zeros(3)
    with CheckpointWriter(Path(), LONG) as writer:
        writer.add([], {"model": {"w": weights}, "list": [weights, 1], "text": "a"})
        weights.fill_(1)
    state = disk.kept[0][1]
    assert state["model"]["w"].tolist() == [0, 0, 0] and state["list"][1] == 1
    assert state["model"]["w"] is state["list"][0]  # stored once, as before


def test_copies_keep_shapes_and_strides() -> None:
    image = torch.randn(2, 3, 4, 4).contiguous(memory_format=torch.channels_last)
    part = image[:, :2]
    copied = on_cpu({"a": image, "b": part})
    assert torch.equal(copied["a"], image) and torch.equal(copied["b"], part)
    assert copied["a"].stride() == image.stride()


def test_a_real_folder_has_the_last_epoch(tmp_path: Path) -> None:
    state = {
        "config": {}, "labels": [], "ferplus": False, "epochs_done": 2, "model": {}, "ema": {},
        "ema_updates": 1, "optimizer": {},
    }  # fmt: skip
    with CheckpointWriter(tmp_path, checkpoint_writer.CHECKPOINT_EVERY) as writer:
        writer.add([{"epoch": 1}], {**state, "epochs_done": 1})
        writer.add([{"epoch": 1}, {"epoch": 2}], state)
    assert checkpoint.load(tmp_path / checkpoint.CHECKPOINT)["epochs_done"] == 2
    assert len((tmp_path / "metrics.jsonl").read_text().splitlines()) == 2
