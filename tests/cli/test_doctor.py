from __future__ import annotations

import json
import subprocess
import sys

import pytest

from mien.cli import doctor


def test_what_is_needed_is_what_the_package_declares(monkeypatch: pytest.MonkeyPatch) -> None:
    source = doctor._requirements()
    assert "numpy" in source[""] and "torch" in source["train"] and "pytest" in source["dev"]
    assert ("tomli" in source[""]) == (sys.version_info < (3, 11))
    assert "mien" not in source["dev"]
    lines = [
        "numpy>=1.24",
        "tomli>=2.0; python_version < '3.99'",
        'old; python_version < "3.9"',
        "torch>=2.6; extra == 'train'",
        "mien[train]; extra == 'dev'",
        'lz4 ; python_version < "3.99" and extra == "dev"',
    ]
    monkeypatch.setattr(doctor, "requires", lambda _: lines)
    assert doctor._requirements() == {"": ["numpy", "tomli"], "train": ["torch"], "dev": ["lz4"]}


@pytest.mark.parametrize("module", ["numpy", "onnxruntime", "cv2"])
def test_a_missing_part_is_told(module: str) -> None:
    code = f"import sys; sys.modules[{module!r}] = None; from mien.cli.app import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "doctor", "--json"], capture_output=True, text=True
    )
    assert done.returncode == 1 and "Traceback" not in done.stderr
    report = json.loads(done.stdout)
    assert not report["healthy"] and report["default_model"].startswith("broken: ")
