"""The networks inside the package, as paths of ONNX files."""

from pathlib import Path

DEFAULT = Path(__file__).parent / "default.onnx"
"""The expression classifier."""

MTCNN = Path(__file__).parent / "mtcnn"
"""The folder of MTCNN's ``pnet.onnx``, ``rnet.onnx`` and ``onet.onnx``."""
