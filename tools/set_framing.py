"""Write the framing of ``mien.preprocess.framing`` into the spec of the shipped model.

    python benchmarks/framing.py --data fer2013.zip    # then edit preprocess/framing.py
    python tools/set_framing.py

Needed when MTCNN's boxes change, since framings are relative to them; other detectors say how their
boxes lie in them (``DetectorFacts.margin`` and ``offset``).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import onnx

from mien.files import write_whole
from mien.preprocess.framing import FER2013_FRAMING
from mien.specs.classifier import METADATA_KEY, ModelSpec

MODEL = Path(__file__).resolve().parents[1] / "src/mien/weights/default.onnx"


def main() -> None:
    """Read the spec, replace its framing and write the file."""
    model = onnx.load(MODEL)
    entry = next(prop for prop in model.metadata_props if prop.key == METADATA_KEY)
    spec = ModelSpec.from_metadata({METADATA_KEY: entry.value}, str(MODEL))
    entry.value = replace(spec, **FER2013_FRAMING).to_metadata()[METADATA_KEY]
    write_whole(MODEL, model.SerializeToString())
    print(f"{MODEL.name}: {FER2013_FRAMING}")


if __name__ == "__main__":
    main()
