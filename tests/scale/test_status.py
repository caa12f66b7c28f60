from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="needs the 'scale' extra")

from mien.scale import running
from mien.scale.job import Job
from mien.scale.progress import Progress
from mien.scale.running import run
from mien.scale.status import status_of
from tests.support import corpus


def test_the_rate_is_that_of_the_time_in_which_any_worker_was_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "run_locally", corpus.analyse_here)
    pictures = corpus.write(tmp_path / "pictures", 1)
    run(pictures / "00.png", tmp_path / "out", workers=1)
    (tmp_path / "out" / "timings.jsonl").unlink()
    assert status_of(tmp_path / "out").rate is None
    shards = [
        (50.0, 40.0, 9000),  # long ago
        (1010.0, 10.0, 100),
        (1015.0, 10.0, 100),  # by another worker, from 1005
        (1310.0, 5.0, 150),  # after a pause
    ]
    timings = [{"at": at, "seconds": took, "inputs": count} for at, took, count in shards]
    job = Job(tmp_path / "out")
    list(job.past())
    job.timings.append(timings)
    assert status_of(tmp_path / "out").rate == pytest.approx(350 / (15 + 5))


def test_nothing_is_to_go_at_the_end() -> None:
    progress = Progress(10, 0, 0, 0, 0)
    assert progress.seconds_left is None
    progress.add(5, 0, 0)
    assert progress.seconds_left is not None and " to go" in progress.line()
    progress.add(5, 0, 0)
    assert progress.seconds_left is None and " to go" not in progress.line()
