from __future__ import annotations

import pytest

from mien.cli.compare import options_by_model
from mien.errors import ConfigError


def test_whose_option_it_is() -> None:
    names = {"yunet": "yunet", "runs/a.b": "a.b", "yunet.npz": "yunet.npz"}
    options = ["yunet.model=x.onnx", "a.b.score_threshold=0.5", "runs/a.b.min_face_size=3"]
    assert options_by_model(options, names) == {
        "yunet": ["model=x.onnx"],
        "runs/a.b": ["score_threshold=0.5", "min_face_size=3"],
        "yunet.npz": [],
    }
    with pytest.raises(ConfigError, match=r"such as yunet\.model=x"):
        options_by_model(["model=x"], names)
