from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mien.errors import ConfigError
from tests.support import tiny
from tests.support.runs import train

pytest.importorskip("torch")


@pytest.mark.parametrize("keys", [
    {"architecture": "mlp", "batch_size": 1},  # batch normalisation of a single picture
    {"architecture": "timm", "backbone": "vgg11", "resize": 16, "input_size": 16},
    {"architecture": "timm", "backbone": "vgg11", "size_schedule": [[0.5, 16]]},
])  # fmt: skip
def test_a_network_that_cannot_take_the_batches_is_refused(
    keys: dict[str, Any], tmp_path: Path
) -> None:
    if "backbone" in keys:
        pytest.importorskip("timm")
    with pytest.raises(ConfigError, match=r"cannot learn from batches of .* pixels") as caught:
        train(tiny.config(**keys), tmp_path / "run")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()
