from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import tiny


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Sums come out the same to the last bit, and a busy machine is not made busier."""
    pytest.importorskip("torch").set_num_threads(1)


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run, with an auxiliary head and squeeze-and-excitation."""
    torch = pytest.importorskip("torch")
    from mien.train.trainer import train

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("run")
    keys = tiny.config(ferplus_weight=1.0, squeeze_excitation=True)
    train(keys, tiny.Faces(), folder, device=torch.device("cpu"))
    return folder
