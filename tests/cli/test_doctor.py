from __future__ import annotations

import json
import subprocess
import sys

import pytest

from mien import registry
from tests.support.commands import mien


@pytest.mark.parametrize("module", ["numpy", "onnxruntime", "cv2"])
def test_a_missing_part_is_reported(module: str) -> None:
    code = f"import sys; sys.modules[{module!r}] = None; from mien.cli.app import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "doctor", "--json"], capture_output=True, text=True
    )
    assert done.returncode == 1 and "Traceback" not in done.stderr
    report = json.loads(done.stdout)
    assert not report["healthy"] and report["default_model"].startswith("broken: ")
    assert any(state.startswith("broken: ") for state in report["detectors"].values())


def test_which_detectors_work_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert mien("doctor", "--json") == 0
    found = json.loads(capsys.readouterr().out)["detectors"]
    assert list(found) == registry.detectors.names()
    assert found["yunet"] == found["mtcnn"] == found["none"] == "works"
    assert found["haar"] == "works" or found["haar"].startswith("needs ")
    assert mien("doctor") == 0
    assert "detector mtcnn:       works" in capsys.readouterr().out


def test_a_broken_detector_is_reported_with_the_rest(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def torn() -> None:
        raise RuntimeError("no weights\nhere")

    for name in registry.detectors.names():
        registry.detectors.get(name)  # a built-in first imported below would be forgotten
    factories = {**registry.detectors._factories, "torn": torn}
    monkeypatch.setattr(registry.detectors, "_factories", factories)
    assert mien("doctor", "--json") == 1
    found = json.loads(capsys.readouterr().out)["detectors"]
    assert found["torn"] == "broken: no weights here" and found["mtcnn"] == "works"
