from __future__ import annotations

import threading
from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="needs the 'scale' extra")
pytest.importorskip("ray", reason="needs the 'ray' extra")

import ray

from mien.errors import ConfigError
from mien.scale.progress import Progress
from mien.scale.running import run
from tests.support import corpus

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return corpus.write(tmp_path_factory.mktemp("corpus") / "pictures", 60)


@pytest.fixture(scope="module")
def whole(pictures: Path) -> Path:
    """The job by the local engine."""
    out = pictures.parent / "whole"
    run(pictures, out, workers=2, shard_size=3)
    return out


def test_one_machine_without_set_up(pictures: Path, whole: Path, tmp_path: Path) -> None:
    run(pictures, tmp_path / "out", "ray", workers=2, shard_size=3)
    assert corpus.files(tmp_path / "out") == corpus.files(whole)
    assert not ray.is_initialized()


def test_a_node_of_two_dies(pictures: Path, whole: Path, tmp_path: Path) -> None:
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    second = cluster.add_node(num_cpus=1)
    try:
        cluster.wait_for_nodes()
        killed: list[int] = []

        def kill(progress: Progress) -> None:
            if progress.done and not killed:
                killed.append(progress.done)
                threading.Thread(
                    target=cluster.remove_node, args=(second,), kwargs={"allow_graceful": False}
                ).start()

        run(
            pictures, tmp_path / "out", "ray", shard_size=3, ray_address=cluster.address,
            on_progress=kill,
        )  # fmt: skip
        assert killed and killed[0] < 60 and not second.any_processes_alive()
    finally:
        cluster.shutdown()
    assert corpus.files(tmp_path / "out") == corpus.files(whole)


def test_what_ends_a_run_is_raised(pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"Ray cannot be reached at '127\.0\.0\.1:1'"):
        run(pictures, tmp_path / "out", "ray", ray_address="127.0.0.1:1")
