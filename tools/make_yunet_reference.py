"""Store the faces that OpenCV finds with YuNet, for ``tests/detectors/yunet/test_parity.py``.

    python tools/make_yunet_reference.py yunet_n_320_320.onnx

The network is the one that ``tools/convert_yunet.py`` starts from. The pictures are made of the
portraits that the repository holds (``tests.support.sample``).
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.support.yunet import THRESHOLD, OpenCV, reference_pictures  # noqa: E402

OUT = ROOT / "tests" / "fixtures" / "yunet_reference.json"


def main() -> None:
    """Write the fixture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="yunet_n_320_320.onnx")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()

    detector = OpenCV(options.model)
    found = {
        name: detector.rows(image).round(3).tolist() for name, image in reference_pictures().items()
    }
    made_with = {"opencv": cv2.__version__, "numpy": np.__version__, "threshold": THRESHOLD}
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(rows)}" for name, rows in found.items())
    options.out.write_text(f'{{"made_with": {json.dumps(made_with)},\n"faces": {{\n{lines}\n}}}}\n')
    print(f"{options.out}: {len(found)} pictures, {sum(map(len, found.values()))} faces")


if __name__ == "__main__":
    main()
