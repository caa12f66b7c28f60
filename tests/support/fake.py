"""A trainer that knows its answer at once, so that a search of many trials takes a second.

Accuracy grows with the epochs towards 1 - |log10(lr) + 1| / 4 - dropout / 2: the best of it is
lr 0.1 without dropout. ``main`` is a process of its own that tunes with that trainer.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mien.errors import TrainingError
from mien.train.classification.config import ClassifierConfig
from tests.support import tiny

SPACE = "lr = [0.001, 0.01, 0.1, 1.0]\ndropout = [0.0, 0.25, 0.5]\n"
POINTS = 12


def recipe(**keys: Any) -> ClassifierConfig:
    return tiny.config(splits="random:90/10", valid_split="valid", **keys)


def accuracy(config: ClassifierConfig) -> float:
    return 1 - abs(math.log10(config.lr) + 1) / 4 - config.dropout / 2


def train(
    config: ClassifierConfig,
    dataset: Any,
    run: Path,
    *,
    device: Any,
    on_epoch: Any,
    on_note: Any,
    slow: float = 0,
) -> list[dict[str, Any]]:
    if config.batch_size == 13:
        raise TrainingError("13 brings bad luck")
    run.mkdir(parents=True)
    (run / "recipe.json").write_text(json.dumps(config.to_dict()))
    (run / "metrics.jsonl").write_text("{}\n")
    rows = []
    for epoch in range(config.epochs):
        time.sleep(slow)
        share = (epoch + 1) / config.epochs
        row = {
            "epoch": epoch + 1,
            "valid_accuracy": share * accuracy(config),
            "valid_nll": 2 - share,
        }
        rows.append(row)
        (run / "last.pt").write_bytes(b"weights")
        on_epoch(row)
    return rows


def without_figures(put: Callable[[Any, str, Any], None]) -> None:
    """Matplotlib takes seconds; what it draws has tests of its own."""
    from mien.train.tuning import report

    for name in ("history_figure", "save_figure", "importance_figure"):
        put(report, name, lambda *args: None)


@contextmanager
def without_waiting_for_the_disk() -> Iterator[None]:
    """A commit to SQLite waits for the disk, which takes long on a busy machine."""
    from sqlalchemy import Engine, event

    def connected(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA synchronous = OFF")

    event.listen(Engine, "connect", connected)
    yield
    event.remove(Engine, "connect", connected)


def main(out: Path, storage: str, trials: int, slow: float, say: Callable[[str], None]) -> None:
    """Tune with ``slow`` seconds per epoch, and report which epochs and trials have ended."""
    from functools import partial

    import torch

    from mien.train.tuning import storage as database
    from mien.train.tuning import tune as tuning
    from mien.train.tuning.space import load_space

    database.HEARTBEAT, database.GRACE, tuning.POLL = 1, 2, 0.2
    tuning.train = partial(train, slow=slow)  # type: ignore[assignment]
    without_figures(setattr)

    class Say(tuning.Watcher):
        def trial(self, row: Any, rows: Any, trials: int) -> None:
            say(f"ended {row.number}")

        def epoch(self, number: int, row: Any, config: Any) -> None:
            say(f"epoch {number}")

    space = out.parent / "space.toml"
    config = recipe()
    with without_waiting_for_the_disk():
        tuning.tune(
            config, load_space(space, config), tiny.Faces(), out, method="grid",
            trials=trials, storage=storage, prune=False, device=torch.device("cpu"),
            watcher=Say(),
        )  # fmt: skip
